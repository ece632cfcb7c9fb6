/**
 * The completion script for bash: which words may follow, as one function full of cases.
 *
 * Works with bash 3.2, which macOS has, and without the package bash-completion.
 */
import { shellQuote, withDescendants, type CommandModel, type Values } from './model.js';

export function bashScript(program: CommandModel, names: readonly string[]): string {
  const commands = withDescendants(program);
  return `# Completion of ${names.join(' and ')} for bash. Made by \`${program.name} completion bash\`.

# What may follow at $1, a command with those above it: its options,
_nublado_lab_options() {
  case $1 in
${cases(commands.map(({ path, options }) => [[shellQuote(path)], offer(options.flatMap(({ names }) => names))]))}
  esac
}

# its own commands and the values of its argument number $2,
_nublado_lab_arguments() {
  case $1:$2 in
${cases(commands.flatMap(argumentCases))}
  esac
}

# and the values of its option $2. Tells in $takes whether there must, may or cannot be one.
_nublado_lab_values() {
  takes=no
  case $1:$2 in
${cases(commands.flatMap(valueCases))}
  esac
}

# Whether $1 is a command, with those above it.
_nublado_lab_known() {
  case $1 in
${cases([[commands.map(({ path }) => shellQuote(path)), ['return 0']]])}
  esac
  return 1
}

# Offers those of the words that begin as what was typed does.
_nublado_lab_offer() {
  local word
  [[ -z $silent ]] || return 0
  for word; do
    printf -v word %q "$word"
    [[ $word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
  done
}

_nublado_lab_files() {
  local file
  [[ -z $silent ]] || return 0
  # Readline's own way knows more of quotes and tildes, but not of an option before the name.
  if [[ -z $prefix ]] && compopt -o default 2>/dev/null; then return 0; fi
  compopt -o filenames 2>/dev/null
  while IFS= read -r file; do
    [[ -n $file ]] && COMPREPLY+=("$prefix$file")
  done <<<"$(compgen -f -- "$cur")"
}

# A command line of its own, from word $1 on.
_nublado_lab_command() {
  local offset
  [[ -z $silent ]] || return 0
  for offset in _comp_command_offset _command_offset; do
    if declare -F "$offset" >/dev/null; then
      "$offset" "$1"
      return 0
    fi
  done
  if ((COMP_CWORD > $1)); then
    _nublado_lab_files
    return 0
  fi
  while IFS= read -r offset; do
    [[ -n $offset ]] && COMPREPLY+=("$offset")
  done <<<"$(compgen -c -- "$cur")"
}

_nublado_lab() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prefix='' silent=yes path=/ option='' takes=no word i
  local -i seen=0 dashes=0
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # Bash takes --option=value for three words.
    [[ $word == '=' && $takes != no ]] && continue
    if [[ $takes == yes || ($takes == maybe && $word != -*) ]]; then
      takes=no
      continue
    fi
    takes=no
    if ((dashes)); then
      continue
    elif [[ $word == -- ]]; then
      dashes=i+1
    elif [[ $word == -* ]]; then
      option=$word
      _nublado_lab_values "$path" "$option"
    elif ((seen == 0)) && _nublado_lab_known "\${path%/}/$word"; then
      path=\${path%/}/$word
    else
      seen+=1
    fi
  done
  silent=''
  if [[ $cur == '=' && $takes != no ]]; then
    cur=''
    _nublado_lab_values "$path" "$option"
  elif [[ $takes == yes || ($takes == maybe && $cur != -*) ]]; then
    _nublado_lab_values "$path" "$option"
  elif ((dashes)); then
    _nublado_lab_arguments "$path" "--$dashes"
  elif [[ $cur == --*=* ]]; then
    prefix=\${cur%%=*}=
    option=\${cur%%=*}
    cur=\${cur#*=}
    _nublado_lab_values "$path" "$option"
  elif [[ $cur == -* ]]; then
    _nublado_lab_options "$path"
  else
    _nublado_lab_arguments "$path" "$seen"
  fi
}

complete -F _nublado_lab ${names.join(' ')}
`;
}

/** Patterns as bash reads them, and lines. */
type Case = [patterns: readonly string[], body: readonly string[]];

function cases(all: readonly Case[]): string {
  return all
    .filter(([, body]) => body.length > 0)
    .map(
      ([patterns, body]) =>
        `  ${patterns.join(' | ')})\n${body.map((line) => `    ${line}\n`).join('')}    ;;`,
    )
    .join('\n');
}

function offer(words: readonly string[]): string[] {
  return words.length === 0 ? [] : [`_nublado_lab_offer ${words.map(shellQuote).join(' ')}`];
}

function offerValues(values: Values): string[] {
  switch (values.kind) {
    case 'words':
      return offer(values.words.map(({ text }) => text));
    case 'file':
      return ['_nublado_lab_files'];
    case 'command':
    case 'free':
      return [];
  }
}

function argumentCases({ path, commands, arguments: all }: CommandModel): Case[] {
  if (commands.length > 0) return [[[shellQuote(`${path}:0`)], offer(commands.map(({ name }) => name))]];
  return all.map(({ values, variadic }, index) => {
    // A command line of its own begins after --.
    if (values.kind === 'command')
      return [[`${shellQuote(`${path}:--`)}*`], ['_nublado_lab_command "${2#--}"']];
    const place = variadic ? `${shellQuote(`${path}:`)}*` : shellQuote(`${path}:${index}`);
    return [[place], offerValues(values)];
  });
}

function valueCases({ path, options }: CommandModel): Case[] {
  return options.flatMap(({ names, value }): Case[] => {
    if (value === null) return [];
    const takes = `takes=${value.optional ? 'maybe' : 'yes'}`;
    return [[names.map((name) => shellQuote(`${path}:${name}`)), [takes, ...offerValues(value.values)]]];
  });
}
