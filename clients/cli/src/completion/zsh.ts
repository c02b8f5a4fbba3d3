import { completedCommands, leadingOptions, type CompletedCommand, type CompletedOption } from './command-words.ts';

/** Completions for zsh, for a file `_runvoy` in a folder of `fpath`. */
export function zshCompletion(): string {
  const commands = completedCommands();
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  return `#compdef runvoy
# Completes runvoy in zsh.
_runvoy() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands=(
${described.join('\n')}
  )
  _arguments -C ${leadingOptions().map(specOf).join(' ')} '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${commands.map(caseOf).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _runvoy ]]; then _runvoy "$@"; else compdef _runvoy runvoy; fi
`;
}

function caseOf({ name, verbs, options, isRest }: CompletedCommand): string {
  const words = isRest
    ? `'*::command: _normal'`
    : verbs.length > 0
      ? `'1:verb:(${verbs.join(' ')})' '*: :_default'`
      : `'*: :_default'`;
  return `        ${name}) _arguments ${options.map(specOf).join(' ')} ${words} ;;`;
}

/** `'(--image -i)'{--image,-i}'[image to run in]:IMAGE:_default'` */
function specOf({ spellings, value, text, isRepeated }: CompletedOption): string {
  const ends = `[${text.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]${value === undefined ? '' : `:${value.replaceAll(':', String.raw`\:`)}:_default`}`;
  const before = isRepeated ? '*' : spellings.length > 1 ? `(${spellings.join(' ')})` : '';
  const [first = ''] = spellings;
  if (spellings.length === 1) return quoted(`${before}${first}${ends}`);
  return `${before === '' ? '' : quoted(before)}{${spellings.join(',')}}${quoted(ends)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
