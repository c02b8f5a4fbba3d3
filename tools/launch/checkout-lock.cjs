'use strict';

const fs = require('fs');
const path = require('path');

const POLL_MS = 200;

/**
 * Runs `work` while no other launcher works on this checkout's node_modules or console build.
 * The lock is a folder that holds its owner's pid. It is made under another name and renamed into place, so it never
 * exists without an owner; a dead owner's lock is taken over.
 */
async function withCheckoutLock(root, progress, work) {
  const lock = path.join(root, '.cache', 'launch', 'lock');
  const mine = `${lock}.${process.pid}`;
  fs.rmSync(mine, { recursive: true, force: true });
  fs.mkdirSync(mine, { recursive: true });
  fs.writeFileSync(path.join(mine, 'pid'), String(process.pid));
  try {
    if (!acquire(lock, mine)) {
      const name = `waiting for process ${ownerOf(lock) || '?'}, which is preparing this checkout`;
      await progress.during(name, async () => {
        while (!acquire(lock, mine)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      });
    }
    try {
      return await work();
    } finally {
      fs.rmSync(lock, { recursive: true, force: true });
    }
  } finally {
    fs.rmSync(mine, { recursive: true, force: true });
  }
}

function acquire(lock, mine) {
  const owner = ownerOf(lock);
  if (owner !== undefined && !isAlive(owner)) discard(lock, owner);
  try {
    fs.renameSync(mine, lock); // Fails while the lock exists, because a folder that is not empty is never replaced.
    return true;
  } catch {
    return false;
  }
}

/** Moves a dead owner's lock aside. Two may try: whoever finds that it moved a living one's lock puts it back. */
function discard(lock, deadOwner) {
  const aside = `${lock}.of-${deadOwner}.${process.pid}`;
  try {
    fs.renameSync(lock, aside);
    if (ownerOf(aside) === deadOwner) fs.rmSync(aside, { recursive: true, force: true });
    else fs.renameSync(aside, lock);
  } catch {
    // Another launcher was faster; the next look tells how things stand.
  }
}

function ownerOf(lock) {
  try {
    return Number(fs.readFileSync(path.join(lock, 'pid'), 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  if (pid === process.pid) return false; // A number used again: this process holds no lock yet.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

module.exports = { withCheckoutLock };
