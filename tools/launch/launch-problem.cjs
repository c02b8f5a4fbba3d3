'use strict';

/** Something the user can act on: shown as one line without a stack, below the `output` of a command that failed. */
class LaunchProblem extends Error {
  constructor(message, { exitCode = 1, output = '' } = {}) {
    super(message);
    this.exitCode = exitCode;
    this.output = output;
  }
}

module.exports = { LaunchProblem };
