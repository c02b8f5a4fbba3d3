'use strict';

const fs = require('fs');
const path = require('path');
const { filesBelow, hashFiles, readStamp, writeStamp } = require('./content-hash.cjs');
const { withCheckoutLock } = require('./checkout-lock.cjs');
const { quietCommand } = require('./quiet-command.cjs');

/** Builds the console into `clients/console/dist` when its sources, or those of the packages it uses, have changed. */
async function ensureConsoleBuilt(root, node, progress) {
  const folder = path.join(root, 'clients', 'console');
  if (!fs.existsSync(path.join(folder, 'vite.config.ts'))) return;
  const stamp = path.join(folder, 'dist', '.stamp');
  const isBuilt = () => readStamp(stamp) === sourcesHash(root);
  if (isBuilt()) return;
  await withCheckoutLock(root, progress, async () => {
    if (isBuilt()) return;
    const sources = sourcesHash(root); // Taken before the build: what is edited meanwhile is built next time.
    await progress.during('building the console', () =>
      quietCommand({
        root,
        log: 'console.log',
        command: node,
        args: [path.join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build'],
        cwd: folder,
      }),
    );
    writeStamp(stamp, sources);
  });
}

function sourcesHash(root) {
  const sources = filesBelow(root, 'clients/console', ['dist', 'node_modules', 'test']);
  const used = ['clients/sdk/src', 'libs/protocol/src'].flatMap((folder) => filesBelow(root, folder, []));
  return hashFiles(root, [...sources, ...used]);
}

module.exports = { ensureConsoleBuilt };
