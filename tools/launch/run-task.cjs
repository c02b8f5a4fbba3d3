'use strict';

const path = require('path');
const { spawn } = require('child_process');

/**
 * Runs the task as if this process were it: same terminal, same signals, same end.
 * RUNVOY_LAUNCHED_AT_MS tells the task when the user pressed Enter, so that it can say how long the way to its first line
 * was.
 */
function runTask(node, args, { cwd, compileCache, env }) {
  const child = spawn(node, args, { cwd, env: { ...taskEnv(node, compileCache), ...env }, stdio: 'inherit' });
  const stopForwarding = forwardSignals(child);
  child.on('error', (error) => {
    process.stderr.write(`runvoy: cannot run ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    stopForwarding();
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}

function taskEnv(node, compileCache) {
  const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') || 'PATH';
  return {
    // From the first module on: what takes the types away costs most of a start, and is not loaded for what is compiled.
    ...(compileCache && { NODE_COMPILE_CACHE: compileCache }),
    ...process.env,
    [pathName]: `${path.dirname(node)}${path.delimiter}${process.env[pathName] || ''}`,
    RUNVOY_LAUNCHED_AT_MS: String(Math.round(performance.timeOrigin)),
  };
}

/**
 * Hands signals on, and keeps this process alive until its child has ended.
 * On a terminal Ctrl-C and a hang-up reach the whole foreground group, the child included. Handing those on as well
 * would make two of one, and for `runvoy run` a second Ctrl-C means "stop the run".
 */
function forwardSignals(child) {
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const handlers = {
    SIGTERM: () => child.kill('SIGTERM'),
    SIGINT: () => onTerminal || child.kill('SIGINT'),
    SIGHUP: () => onTerminal || child.kill('SIGHUP'),
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
  };
}

module.exports = { runTask };
