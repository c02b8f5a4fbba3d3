/** What `npm start -- --help` prints: the options of the server itself; everything else is set by variables. */
export const HELP_TEXT = `npm start -- [OPTIONS], or: runvoy local [OPTIONS]

Everything in one process on this machine: console, API and live view on one port. Ctrl-C ends it; runs go on.

  --port N        56212 unless given; when that is taken, the next free one
  --host H        127.0.0.1 unless given: only this machine reaches it
  --data-dir D    ~/.local/share/runvoy unless given
  --json          print one line of JSON when it is up, and nothing else on stdout
  --no-first-run  run no first command when the data directory is new
  --help          this

npm start -- backup [--to DIR] [--data-dir D] [--json], and npm start -- restore DIR [--force] [--data-dir D] [--json], are the
commands of runvoy with those names. docs/config.md lists the variables that set up the rest.
`;
