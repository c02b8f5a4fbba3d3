'use strict';

const { LaunchProblem } = require('./launch-problem.cjs');
const { version, platforms } = require('../node-pins.json');

/** `linux-x64` and so on. RUNVOY_TEST_PLATFORM lets a test stand on another one. */
function currentPlatform() {
  return process.env.RUNVOY_TEST_PLATFORM || `${process.platform}-${process.arch}`;
}

/** Refuses a platform for which no Node comes with the dependencies. */
function requireSupportedPlatform(platform) {
  if (platforms[platform]) return;
  throw new LaunchProblem(
    `${platform} is not supported with Node ${process.versions.node}: install Node ${version} or newer, ` +
      `or use one of ${Object.keys(platforms).join(', ')}.`,
  );
}

module.exports = { currentPlatform, requireSupportedPlatform };
