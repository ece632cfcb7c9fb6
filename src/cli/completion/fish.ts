/**
 * The completion script for fish: a `complete` for each thing that may follow, with the place where it may.
 */
import { withDescendants, WordLists, type CommandModel, type OptionModel, type Word } from './model.js';

export function fishScript(program: CommandModel, names: readonly string[]): string {
  const [name = '', ...otherNames] = names;
  const commands = withDescendants(program);
  const lists = new WordLists('__nublado_lab_words_');
  const completions = commands.flatMap((command) => [
    ...command.options.flatMap((option) => optionLines(name, command, option, lists)),
    ...command.commands.map(
      (child) =>
        `${here(name, command.path, '0')} -a ${quote(quote(child.name))} -d ${quote(child.description)}`,
    ),
    ...argumentLines(name, command, lists),
  ]);
  const takers = (optional: boolean): string =>
    commands
      .flatMap(({ path, options }) =>
        options
          .filter(({ value }) => value?.optional === optional)
          .flatMap((option) => option.names.map((each) => quote(`${path} ${each}`))),
      )
      .join(' ');
  return `# Completion of ${names.join(' and ')} for fish. Made by \`${program.name} completion fish\`.

# Where the cursor is: the commands before it, how many arguments are, the option whose value may
# come next, and what follows --.
function __nublado_lab_where
    set -l commands ${commands.map(({ path }) => quote(path)).join(' ')}
    set -l must ${takers(false)}
    set -l may ${takers(true)}
    set -l path /
    set -l seen 0
    set -l option ''
    set -l tokens (commandline -opc)
    set -e tokens[1]
    while set -q tokens[1]
        set -l token $tokens[1]
        set -e tokens[1]
        if test -n "$option"
            set -l before $option
            set option ''
            if contains -- "$path $before" $must; or not string match -q -- '-*' $token
                continue
            end
        end
        set -l below (string trim -r -c / -- $path)/$token
        if test "$token" = --
            printf '%s\\n' $path -- '' $tokens
            return
        else if contains -- "$path $token" $must $may
            set option $token
        else if string match -q -- '-*' $token
            continue
        else if test $seen = 0; and contains -- $below $commands
            set path $below
        else
            set seen (math $seen + 1)
        end
    end
    printf '%s\\n' $path $seen $option
end

# Whether the cursor is at command $argv[1], and at its argument number $argv[2] if that is given.
function __nublado_lab_at
    set -l where (__nublado_lab_where)
    test "$where[1]" = $argv[1]; or return
    if set -q argv[2]
        test "$where[2]" = $argv[2]
    else
        test "$where[2]" != --
    end
end

# Whether the cursor is where the value of option $argv[2] of command $argv[1] may be.
function __nublado_lab_after
    set -l where (__nublado_lab_where)
    test "$where[1]" = $argv[1]; and test "$where[3]" = $argv[2]
end

# What comes after -- is completed as if it stood alone.
function __nublado_lab_command
    set -l where (__nublado_lab_where)
    complete -C (string join ' ' -- (string escape -- $where[4..]) (commandline -ct))
end

${[...lists].map(wordList).join('\n')}
complete -c ${name} -f
${otherNames.map((other) => `complete -c ${other} -w ${name}\n`).join('')}
${completions.join('\n')}
`;
}

/** For a place where the condition is a command of its own, and so is quoted twice. */
function here(name: string, path: string, place: string): string {
  return `complete -c ${name} -n ${quote(`__nublado_lab_at ${quote(path)} ${place}`.trim())}`;
}

function optionLines(
  name: string,
  { path }: CommandModel,
  { names, description, value }: OptionModel,
  lists: WordLists,
): string[] {
  const flags = names.map((each) =>
    each.startsWith('--') ? `-l ${quote(each.slice(2))}` : `-s ${quote(each.slice(1))}`,
  );
  const line = `${here(name, path, '')} ${flags.join(' ')} -d ${quote(description)}`;
  if (value === null) return [line];
  const { values, optional } = value;
  if (values.kind === 'file') return [`${line} -r -F`];
  if (values.kind !== 'words') return [optional ? line : `${line} -x`];
  const list = `-a ${quote(`(${lists.name(values.words)})`)}`;
  if (!optional) return [`${line} -x ${list}`];
  // To fish, what may have a value has it behind =; to us, it may be the next word too.
  const after = names.map((each) => quote(`__nublado_lab_after ${quote(path)} ${quote(each)}`));
  return [`${line} ${list}`, ...after.map((condition) => `complete -c ${name} -n ${condition} ${list}`)];
}

function argumentLines(name: string, { path, arguments: all }: CommandModel, lists: WordLists): string[] {
  return all.flatMap(({ values, variadic }, index) => {
    if (values.kind === 'command') return [`${here(name, path, '--')} -a '(__nublado_lab_command)'`];
    const place = here(name, path, variadic ? '' : String(index));
    if (values.kind === 'words') return [`${place} -a ${quote(`(${lists.name(values.words)})`)}`];
    return values.kind === 'file' ? [`${place} -F`] : [];
  });
}

function wordList({ name, words }: { name: string; words: readonly Word[] }): string {
  const items = words.map(({ text, description }) => `        ${quote(text)} ${quote(description)}`);
  return `function ${name}
    printf '%s\\t%s\\n' \\
${items.join(' \\\n')}
end
`;
}

/** One word to fish, whatever is in it. */
function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
