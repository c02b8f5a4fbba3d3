'use strict';

const fs = require('fs');
const path = require('path');
const { hashFiles, readStamp, writeStamp } = require('./content-hash.cjs');
const { withCheckoutLock } = require('./checkout-lock.cjs');
const { quietCommand } = require('./quiet-command.cjs');

/** Installs the dependencies unless those in node_modules are the ones that the manifests and the lock file name. */
async function ensureInstalled(root, progress) {
  if (isInstalled(root)) return;
  await withCheckoutLock(root, progress, async () => {
    // Asked again: whoever held the lock has probably installed. And somebody may have called npm without this launcher.
    if (isInstalled(root)) return;
    if (!isInstalledByNpm(root)) {
      await progress.during('installing dependencies', () =>
        quietCommand({ root, log: 'install.log', cwd: root, env: npmEnv(), ...npmCi() }),
      );
    }
    writeStamp(stampOf(root), inputsHash(root));
  });
}

const stampOf = (root) => path.join(root, 'node_modules', '.runvoy-install');
const isInstalled = (root) => readStamp(stampOf(root)) === inputsHash(root);

function inputsHash(root) {
  return hashFiles(root, [
    'package.json',
    'package-lock.json',
    ...workspaceFolders(root).map((w) => `${w}/package.json`),
  ]);
}

/** Workspace folders as package.json names them; only `folder/*` is used there. */
function workspaceFolders(root) {
  return readJson(path.join(root, 'package.json')).workspaces.flatMap((pattern) => {
    const parent = pattern.replace(/\/\*$/, '');
    if (!fs.existsSync(path.join(root, parent))) return [];
    const names = fs.readdirSync(path.join(root, parent)).sort();
    return names.map((name) => `${parent}/${name}`).filter((w) => fs.existsSync(path.join(root, w, 'package.json')));
  });
}

/**
 * True when npm's own account of node_modules equals the lock file, and the lock file the manifests. So an `npm ci` by
 * hand is not repeated, and an edited script in package.json costs nobody an install.
 */
function isInstalledByNpm(root) {
  const account = path.join(root, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(account)) return false;
  const locked = readJson(path.join(root, 'package-lock.json')).packages;
  const installed = readJson(account).packages;
  for (const folder of ['', ...workspaceFolders(root)]) {
    if (!locked[folder] || !sameDependencies(locked[folder], readJson(path.join(root, folder, 'package.json'))))
      return false;
  }
  for (const [place, wanted] of Object.entries(locked)) {
    if (!place.includes('node_modules/')) continue;
    const found = installed[place];
    if (!found && wanted.optional) continue; // For another platform.
    if (!found || found.version !== wanted.version || found.integrity !== wanted.integrity) return false;
    if (!fs.existsSync(path.join(root, place))) return false;
  }
  return Object.keys(installed).every((place) => locked[place]);
}

function sameDependencies(a, b) {
  const ordered = (dependencies) => JSON.stringify(Object.entries(dependencies || {}).sort());
  return ['dependencies', 'devDependencies', 'optionalDependencies', 'workspaces'].every(
    (kind) => ordered(a[kind]) === ordered(b[kind]),
  );
}

function npmCi() {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const running = process.env.npm_execpath; // Set when npm itself started this launcher: then the same npm installs.
  if (running && path.basename(running) === 'npm-cli.js')
    return { command: process.execPath, args: [running, ...args] };
  return process.platform === 'win32' ? { command: 'npm.cmd', args, shell: true } : { command: 'npm', args };
}

/** Without what an outer `npm run` says about its own package: it may be another checkout's. */
function npmEnv() {
  const own = /^npm_(package_|lifecycle_|config_local_prefix$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

module.exports = { ensureInstalled };
