/**
 * The completion script for zsh: one function for each command, in the words of `_arguments`.
 */
import {
  shellQuote,
  withDescendants,
  WordLists,
  type ArgumentModel,
  type CommandModel,
  type OptionModel,
  type Values,
  type Word,
} from './model.js';

/** Works as a file in $fpath, where its text is the function, and when it is sourced. */
export function zshScript(program: CommandModel, names: readonly string[]): string {
  const lists = new WordLists('_nublado_lab_words_');
  const functions = withDescendants(program).map((command) =>
    command.commands.length > 0 ? branch(command, lists) : leaf(command, lists),
  );
  return `#compdef ${names.join(' ')}
# Completion of ${names.join(' and ')} for zsh. Made by \`${program.name} completion zsh\`.

${functions.join('\n')}
${[...lists].map(wordList).join('\n')}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _nublado_lab "$@"
else
  compdef _nublado_lab ${names.join(' ')}
fi
`;
}

function functionName(path: string): string {
  return `_nublado_lab${path === '/' ? '' : path.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
}

function branch({ path, options, commands }: CommandModel, lists: WordLists): string {
  const words = commands.map(({ name, description }) => ({ text: name, description }));
  const specs = [
    ...options.map((option) => optionSpec(option, lists)),
    shellQuote(`1:command:${lists.name(words)}`),
    `'*::: :->below'`,
  ];
  return `${functionName(path)}() {
  local curcontext="$curcontext" context state state_descr line ret=1
  typeset -A opt_args
  _arguments -s -C${specs.map((spec) => ` \\\n    ${spec}`).join('')} && ret=0
  [[ $state == below ]] || return ret
  words=("$line[1]" "\${words[@]}")
  ((CURRENT += 1))
  curcontext="\${curcontext%:*:*}:lab-$line[1]:"
  case $line[1] in
${commands.map((child) => `  ${shellQuote(child.name)}) ${functionName(child.path)} && ret=0 ;;`).join('\n')}
  esac
  return ret
}
`;
}

function leaf({ path, options, arguments: all }: CommandModel, lists: WordLists): string {
  const specs = [
    ...options.map((option) => optionSpec(option, lists)),
    ...all.filter(({ values }) => values.kind !== 'command').map((each) => argumentSpec(each, lists)),
  ];
  const embedded = all.some(({ values }) => values.kind === 'command') ? commandLine : '';
  return `${functionName(path)}() {
${embedded}  _arguments -s -S${specs.map((spec) => ` \\\n    ${spec}`).join('')}
}
`;
}

/** What comes after -- is completed as if it stood alone. */
const commandLine = `  local -i dashes=\${words[(i)--]}
  if ((dashes < CURRENT)); then
    words=("\${(@)words[dashes + 1, -1]}")
    ((CURRENT -= dashes))
    _normal
    return
  fi
`;

function optionSpec({ names, description, value, repeatable }: OptionModel, lists: WordLists): string {
  const takes = value === null ? '' : `${value.optional ? '::' : ':'}${message(value.name)}:`;
  const action = value === null ? '' : actionOf(value.values, lists);
  const rest = shellQuote(`[${inBrackets(description)}]${takes}${action}`);
  const forms = names.map((name) =>
    value === null ? name : name.startsWith('--') ? `${name}=` : `${name}+`,
  );
  const exclusion = repeatable ? `'*'` : names.length > 1 ? shellQuote(`(${names.join(' ')})`) : '';
  return `${exclusion}${forms.length > 1 ? `{${forms.join(',')}}` : forms.join('')}${rest}`;
}

function argumentSpec({ name, variadic, values }: ArgumentModel, lists: WordLists): string {
  return shellQuote(`${variadic ? '*' : ''}:${message(name)}:${actionOf(values, lists)}`);
}

function actionOf(values: Values, lists: WordLists): string {
  switch (values.kind) {
    case 'words':
      return lists.name(values.words);
    case 'file':
      return '_files';
    case 'command':
    case 'free':
      // Without an action, only the message is shown.
      return ' ';
  }
}

function wordList({ name, words }: { name: string; words: readonly Word[] }): string {
  const items = words.map(({ text, description }) => {
    const word = text.replaceAll(/[\\:]/g, '\\$&');
    return `    ${shellQuote(description === '' ? word : `${word}:${description.replaceAll('\\', '\\\\')}`)}\n`;
  });
  return `${name}() {
  local -a words_here=(
${items.join('')}  )
  _describe -t values value words_here
}
`;
}

function inBrackets(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&');
}

function message(text: string): string {
  return text.replaceAll(/[\\:]/g, '\\$&') || ' ';
}
