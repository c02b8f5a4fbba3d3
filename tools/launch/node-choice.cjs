'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const { readStamp, writeStamp } = require('./content-hash.cjs');
const { LaunchProblem } = require('./launch-problem.cjs');
const { version: wantedVersion, platforms } = require('../node-pins.json');

/**
 * The installed Node when it is new enough: the one running this launcher, or `node` in PATH.
 * RUNVOY_TEST_NODE_VERSION lets a test pretend that it is of another version.
 */
function findSystemNode() {
  const pretended = process.env.RUNVOY_TEST_NODE_VERSION;
  if (isNewEnough(pretended || process.versions.node)) return process.execPath;
  const inPath = pretended ? undefined : nodeInPath();
  if (!inPath || fs.realpathSync(inPath) === fs.realpathSync(process.execPath)) return undefined;
  const answer = spawnSync(inPath, ['--version'], { encoding: 'utf8' });
  return answer.status === 0 && isNewEnough(answer.stdout.trim().slice(1)) ? inPath : undefined;
}

/** The Node that came with the dependencies, refused unless it is byte for byte the pinned one. */
function vendoredNode(root, platform) {
  const pin = platforms[platform];
  const binary = path.join(root, 'node_modules', pin.package, pin.binary);
  if (!fs.existsSync(binary)) {
    throw new LaunchProblem(
      `Node ${process.versions.node} is too old and ${pin.package} was not installed: ` +
        `install Node ${wantedVersion} or newer, or run "npm ci" without --omit=optional.`,
    );
  }
  const { size, mtimeMs } = fs.statSync(binary);
  const stamp = path.join(root, 'node_modules', '.runvoy-node');
  // Hashing 120 MB costs a third of a second, too much for every ./runvoy: a file that has not changed since is trusted.
  const seen = `${pin.sha256} ${binary} ${size} ${mtimeMs}`;
  if (readStamp(stamp) === seen) return binary;
  const sha256 = crypto.createHash('sha256').update(fs.readFileSync(binary)).digest('hex');
  if (sha256 !== pin.sha256) {
    throw new LaunchProblem(
      `${path.relative(root, binary)} is not the pinned Node ${wantedVersion} (SHA-256 ${sha256.slice(0, 12)}..., ` +
        `expected ${pin.sha256.slice(0, 12)}...). Delete node_modules and start again.`,
    );
  }
  writeStamp(stamp, seen);
  return binary;
}

function isNewEnough(found) {
  const wanted = wantedVersion.split('.').map(Number);
  const has = found.split('.').map((part) => Number.parseInt(part, 10));
  const different = wanted.findIndex((part, index) => part !== has[index]);
  return different < 0 || has[different] > wanted[different];
}

function nodeInPath() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const folders = (process.env.PATH || '').split(path.delimiter).filter(Boolean);
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

module.exports = { findSystemNode, vendoredNode };
