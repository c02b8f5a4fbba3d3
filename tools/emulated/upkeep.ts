import type { Role } from './deployment.ts';
import type { InstanceEnd } from './service-process.ts';

const MOST = 3;
const WITHIN_MS = 60_000;

export interface UpkeepDeps {
  /** Starts one more instance of a service, ready to be asked; resolves with its name. */
  readonly start: (role: Role) => Promise<string>;
  /** Tells whoever looks on, in a line or more. */
  readonly tell: (text: string) => void;
  readonly now: () => number;
  /** Whether all is being ended: then nothing is started any more. */
  readonly isOver: () => boolean;
}

/** An instance that nobody ended. */
export interface Lost {
  readonly name: string;
  readonly end: InstanceEnd;
  /** The end of what it said. */
  readonly tail: string;
  readonly logFile: string;
}

/** Starts instances that ended by themselves again, three times within a minute at most: what ends more often has a fault. */
export class Upkeep {
  readonly #deps: UpkeepDeps;
  readonly #starts = new Map<Role, number[]>();
  readonly #failed = Promise.withResolvers<Error>();

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
  }

  /** Resolves with what to say when something ended that is not started again. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** Something ended that cannot be mended, because what it held is gone with it. */
  giveUp(text: string): void {
    if (!this.#deps.isOver()) this.#failed.resolve(new Error(text));
  }

  /** Says what ended, and starts it again. Never rejects. */
  async lost(role: Role, { name, end, tail, logFile }: Lost): Promise<void> {
    const { tell, isOver } = this.#deps;
    if (isOver()) return;
    tell(`${name} ended by itself, ${endText(end)}. The end of ${logFile}:\n${indented(tail)}`);
    for (;;) {
      if (!this.#mayStart(role)) {
        return this.giveUp(`${role} ended by itself ${MOST + 1} times within a minute and is not started again.`);
      }
      try {
        return tell(`${await this.#deps.start(role)} took its place.`);
      } catch (error) {
        if (isOver()) return;
        tell(`Another ${role} could not be started: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  #mayStart(role: Role): boolean {
    const now = this.#deps.now();
    const recent = (this.#starts.get(role) ?? []).filter((at) => now - at < WITHIN_MS);
    if (recent.length >= MOST) return false;
    this.#starts.set(role, [...recent, now]);
    return true;
  }
}

const endText = ({ code, signal }: InstanceEnd): string => (signal === null ? `with code ${code}` : `by ${signal}`);

function indented(text: string): string {
  const lines = text === '' ? ['(it said nothing)'] : text.split('\n');
  return lines.map((line) => `  ${line}`).join('\n');
}
