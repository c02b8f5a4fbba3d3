'use strict';

/** Something the user can act on: shown as one line without a stack, below the `output` of a command that failed. */
class LaunchProblem extends Error {
  constructor(message, { exitCode = 1, output = '' } = {}) {
    super(message);
    this.exitCode = exitCode;
    this.output = output;
  }
}

const DISK_REASONS = {
  EACCES: 'may not be written by you',
  EPERM: 'may not be written by you',
  EROFS: 'lies on a read-only disk',
  ENOSPC: 'lies on a disk that is full',
};

/** What the disk refused, as something the user can act on; any other error as it is. */
function asLaunchProblem(error, root) {
  const reason = DISK_REASONS[error.code];
  if (error instanceof LaunchProblem || !reason) return error;
  return new LaunchProblem(`this checkout ${reason}: ${root} (${error.path || error.code}).`);
}

module.exports = { LaunchProblem, asLaunchProblem };
