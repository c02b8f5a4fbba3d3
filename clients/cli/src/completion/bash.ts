import { completedCommands, leadingOptions, type CompletedOption } from './command-words.ts';

const spellings = (options: readonly CompletedOption[]) => options.flatMap((option) => option.spellings).join(' ');
const withValue = (options: readonly CompletedOption[]) => options.filter(({ value }) => value !== undefined);

/** A bash function and its registration, for `eval`. Needs nothing but bash: not the package bash-completion either. */
export function bashCompletion(): string {
  const commands = completedCommands();
  const rest = commands.filter(({ isRest }) => isRest).map(({ name }) => name);
  const cases = commands.map(
    ({ name, verbs, options }) =>
      `      ${name}) verbs='${verbs.join(' ')}' options='${spellings(options)}' valued='${spellings(withValue(options))}' ;;`,
  );
  const leading = leadingOptions();
  return `# Completes runvoy in bash. In ~/.bashrc: eval "$(runvoy completion bash)"
_runvoy() {
  local current=\${COMP_WORDS[COMP_CWORD]} name='' word skip='' count=0 index
  local verbs='' options='${spellings(leading)}' valued='${spellings(withValue(leading))}'
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -n $skip ]]; then
      skip=''
    elif [[ $word == -- ]]; then
      return
    elif [[ $word == -* ]]; then
      [[ " $valued " == *" $word "* ]] && skip=1
    elif [[ -n $name ]]; then
      count=$((count + 1))
    else
      name=$word
      case $name in
${cases.join('\n')}
        *) return ;;
      esac
    fi
  done
  # The value of an option, and the words of a command to run: files, as by default.
  [[ -n $skip ]] && return
  [[ $count -gt 0 && " ${rest.join(' ')} " == *" $name "* ]] && return
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -z $name ]]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$current"))
  elif [[ $count -eq 0 ]]; then
    COMPREPLY=($(compgen -W "$verbs" -- "$current"))
  fi
}
complete -o default -F _runvoy runvoy
`;
}
