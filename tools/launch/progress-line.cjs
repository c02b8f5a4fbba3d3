'use strict';

const TICK_MS = 1000;

/**
 * The one line shown while the launcher prepares: `runvoy: installing dependencies ... 19.8 s, building the console ... 1.2 s`.
 * On a terminal the running step counts its seconds in place; elsewhere a step's name appears at its start and its time
 * at its end, on the same line. Nothing to do, nothing shown.
 */
class ProgressLine {
  constructor(stream) {
    this.stream = stream;
    this.done = '';
  }

  /** Shows `name` while `work` runs. */
  async during(name, work) {
    const prefix = this.done ? `${this.done}, ` : 'runvoy: ';
    const startedAt = Date.now();
    const elapsed = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
    this.stream.write(this.stream.isTTY ? `\r${prefix}${name} ... ` : `${this.done ? ', ' : prefix}${name} ... `);
    this.done = `${prefix}${name} ...`;
    const tick = this.stream.isTTY && setInterval(() => this.stream.write(`\r${this.done} ${elapsed()}`), TICK_MS);
    try {
      return await work();
    } finally {
      if (tick) clearInterval(tick);
      this.stream.write(this.stream.isTTY ? `\r${this.done} ${elapsed()}` : elapsed());
      this.done = `${this.done} ${elapsed()}`;
    }
  }

  /** Closes the line, so that what comes next starts on its own. */
  end() {
    if (this.done) this.stream.write('\n');
    this.done = '';
  }
}

module.exports = { ProgressLine };
