'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

/** One hash over the names and contents of files, in the given order; a missing file counts as empty. */
function hashFiles(root, files) {
  const hash = crypto.createHash('sha256');
  for (const file of files) {
    const content = fs.existsSync(path.join(root, file)) ? fs.readFileSync(path.join(root, file)) : '';
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** All files below `folder`, relative to `root`, sorted; folders named in `except` are not entered. */
function filesBelow(root, folder, except) {
  const files = [];
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!except.includes(entry.name)) files.push(...filesBelow(root, name, except));
    } else files.push(name);
  }
  return files.sort();
}

/** Reads a stamp; one that is missing or unreadable counts as absent. */
function readStamp(file) {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Writes a stamp in one step, so that a reader sees the old one or the new one. */
function writeStamp(file, text) {
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, `${text}\n`);
  fs.renameSync(draft, file);
}

module.exports = { hashFiles, filesBelow, readStamp, writeStamp };
