import { posix } from 'node:path';
import type { Sandbox } from './sandbox.ts';
import { shellWord } from './shell-word.ts';
import type { StepsShell } from './steps-shell.ts';

/** Exit codes of our own steps, apart from those of the tools they use. */
const TAKEN = 90;
const MISSING = 91;
const OUTSIDE = 92;

/** The files of a sandbox that only a shell inside can reach. */
export function filesByShell(
  shell: () => StepsShell,
): Pick<Sandbox, 'makeDirectory' | 'writeNewFile' | 'remove' | 'directoryInside'> {
  /** Our own steps work with what is there; a failure says so in the words of the tool. */
  async function must(step: string): Promise<void> {
    const said: string[] = [];
    const code = await shell().step(step, (line) => said.push(line));
    if (code !== 0) throw new Error(said.join(' ') || (code === undefined ? 'the sandbox ended' : `exit code ${code}`));
  }

  return {
    makeDirectory: (path) => must(`mkdir -m 700 -- ${shellWord(path)}`),
    async writeNewFile(path, text, mode = 0o600) {
      const name = shellWord(path);
      const said: string[] = [];
      // Of the shell's own as far as can be: an image may have little besides.
      const code = await shell().step(
        `if [ -e ${name} ] || [ -L ${name} ]; then (exit ${TAKEN}); else ` +
          `(umask 077; set -C; printf %s ${shellWord(text)} > ${name}${mode === 0o600 ? '' : ` && chmod ${mode.toString(8)} ${name}`}); fi`,
        (line) => said.push(line),
      );
      if (code === TAKEN) return false;
      if (code !== 0) throw new Error(said.join(' ') || `${path} could not be written`);
      return true;
    },
    remove: (path) => must(`rm -rf -- ${shellWord(path)}`),
    async directoryInside(root, path) {
      const wanted = posix.join(root, path);
      // `cd` and `pwd` in one shell of their own, resolved by the kernel as the command's `cd` will be.
      const code = await shell().step(
        `(cd -P -- ${shellWord(`${root}/${path}`)} || exit ${MISSING}; ` +
          `case "$(pwd -P)/" in ${shellWord(`${root}/`)}*) ;; *) exit ${OUTSIDE} ;; esac)`,
      );
      if (code === MISSING) throw new Error(`the repository has no directory ${path}`);
      if (code !== 0) throw new Error(`${path} leads out of the repository`);
      return wanted;
    },
  };
}
