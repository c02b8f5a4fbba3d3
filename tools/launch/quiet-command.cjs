'use strict';

const fs = require('fs');
const path = require('path');
const { spawn } = require('child_process');
const { LaunchProblem } = require('./launch-problem.cjs');

const KILL_AFTER_MS = 1000;

/**
 * Runs a command with its output in `.cache/launch/<log>`, and shows that output only when the command fails.
 * A signal to the launcher goes to the command, and the launcher waits for its end: half an install must not be left
 * running behind a prompt.
 */
function quietCommand({ root, log, command, args, cwd, env, shell }) {
  const logPath = path.join(root, '.cache', 'launch', log);
  fs.mkdirSync(path.dirname(logPath), { recursive: true });
  const output = fs.openSync(logPath, 'w');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: env || process.env, shell, stdio: ['ignore', output, output] });
    let interruptedBy;
    const forward = (signal) => {
      interruptedBy = signal;
      child.kill(signal);
      // npm finishes its downloads first, which can take as long as the install. What it leaves half done is done anew.
      setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
    };
    process.on('SIGINT', forward).on('SIGTERM', forward);
    let settled = false;
    const settle = (end) => {
      if (settled) return; // A command that cannot be started is told twice: "error", then "close".
      settled = true;
      fs.closeSync(output);
      process.off('SIGINT', forward).off('SIGTERM', forward);
      end();
    };
    const called = `${path.basename(command)} ${args.join(' ')}`;
    child.on('error', (error) =>
      settle(() => reject(new LaunchProblem(`cannot run "${called}" (${error.message}). Is it installed?`))),
    );
    child.on('close', (code, signal) =>
      settle(() => {
        if (interruptedBy) {
          return reject(new LaunchProblem('interrupted.', { exitCode: interruptedBy === 'SIGINT' ? 130 : 143 }));
        }
        if (code === 0) return resolve();
        const outcome = signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
        const where = path.relative(root, logPath);
        const said = fs.readFileSync(logPath, 'utf8').replace(/(.)\n?$/, '$1\n');
        reject(new LaunchProblem(`"${called}" ${outcome}; its output is above and in ${where}.`, { output: said }));
      }),
    );
  });
}

module.exports = { quietCommand };
