'use strict';
// Starts every task of this repository: `node tools/launch.cjs <task> [arguments]`.
//
// It is CommonJS in plain syntax without dependencies, because it runs on whatever Node is installed (16 or newer) and
// on a fresh clone, before anything else exists. It installs, picks the Node that runs the task, and steps aside.
// All it says goes to stderr, so that `./runvoy list --json | jq` sees the command's own output alone.

const path = require('path');
const { LaunchProblem, asLaunchProblem } = require('./launch/launch-problem.cjs');
const { ProgressLine } = require('./launch/progress-line.cjs');
const { currentPlatform, requireSupportedPlatform } = require('./launch/platform.cjs');
const { ensureInstalled } = require('./launch/install.cjs');
const { findSystemNode, vendoredNode } = require('./launch/node-choice.cjs');
const { ensureConsoleBuilt } = require('./launch/console-build.cjs');
const { runTask } = require('./launch/run-task.cjs');

const root = path.resolve(__dirname, '..');

// `run` is relative to the root and followed by the caller's arguments. A task runs in the root unless it is the user's
// own command, whose relative paths must mean what the user sees. What users start is compiled once. `env` is added to
// the caller's.
const TASKS = {
  start: { run: ['services/standalone/src/main.ts'], needsConsole: true, isProduct: true },
  'start:emulated': { run: ['tools/start-emulated.ts'], needsConsole: true, isProduct: true },
  test: { run: ['tools/check.ts'] },
  'test:unit': { run: ['tools/check.ts', 'unit'] },
  'test:sim': { run: ['libs/core/simulation/main.ts'] },
  'test:chaos': { run: ['tools/chaos.ts'] },
  'test:scale': { run: ['libs/core/simulation/scale/main.ts'] },
  'test:plants': {
    run: ['tools/check.ts', 'e2e', 'libs/core/simulation/test/(planted-bugs|model-plants)'],
    env: { RUNVOY_EVERY_PLANT: '1' },
  },
  'test:crash': { run: ['tools/check.ts', 'gcp', 'test/crash-matrix'], env: { RUNVOY_EVERY_CRASH: '1' } },
  'test:model': { run: ['libs/core/simulation/run-life/model-main.ts'] },
  format: { run: ['node_modules/prettier/bin/prettier.cjs', '--write', '**/*.{ts,tsx,cjs,json,md,yml}'] },
  bench: { run: ['benchmarks/bench.ts'] },
  'demo:crash': { run: ['tools/demo-crash.ts'] },
  // Services alone, for whoever runs one against a real project.
  orchestrator: { run: ['services/orchestrator/src/main.ts'], isProduct: true },
  processor: { run: ['services/processor/src/main.ts'], isProduct: true },
  websocket: { run: ['services/websocket/src/main.ts'], isProduct: true },
  cli: { run: ['clients/cli/src/main.mjs'], inCallersFolder: true, isProduct: true },
};

async function launch(name, args) {
  const task = Object.prototype.hasOwnProperty.call(TASKS, name) ? TASKS[name] : undefined;
  if (!task) throw new LaunchProblem(`no task "${name || ''}"; there are: ${Object.keys(TASKS).join(', ')}.`);

  const platform = currentPlatform();
  const systemNode = findSystemNode();
  if (!systemNode) requireSupportedPlatform(platform);

  const progress = new ProgressLine(process.stderr);
  let node;
  try {
    await ensureInstalled(root, progress);
    node = systemNode || vendoredNode(root, platform);
    if (task.needsConsole) await ensureConsoleBuilt(root, node, progress);
  } finally {
    progress.end();
  }

  const [script, ...fixedArgs] = task.run;
  runTask(node, [path.join(root, script), ...fixedArgs, ...args], {
    cwd: task.inCallersFolder ? process.cwd() : root,
    env: task.env,
    compileCache: task.isProduct ? path.join(root, '.cache', 'compiled') : undefined,
  });
}

launch(process.argv[2], process.argv.slice(3)).catch((error) => {
  const problem = asLaunchProblem(error, root);
  const expected = problem instanceof LaunchProblem;
  process.stderr.write(expected ? `${problem.output}runvoy: ${problem.message}\n` : `${problem.stack}\n`);
  process.exitCode = expected ? problem.exitCode : 1;
});
