import { Argument, Command, type Option } from 'commander';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { CommandEntry, CommonOptions } from '../command.js';
import { addCommonOptions } from '../common-options.js';
import { EXIT } from '../exit-codes.js';
import type { Shell } from '../shell.js';
import { CONNECTOR_ACTIONS } from './connectors.js';
import { DEAD_LETTER_ACTIONS } from './dead-letters.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Each asks evpipe itself what fits; where nothing does, the shell offers files. */
const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `_evpipe() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _evpipe evpipe
`,
  zsh: `#compdef evpipe
_evpipe() {
  local -a candidates
  local line
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#candidates )); then _describe evpipe candidates; else _files; fi
}
compdef _evpipe evpipe
`,
  fish: `function __evpipe_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  $words[1] __complete -- $words[2..] "$current" 2>/dev/null
end
complete -c evpipe -a '(__evpipe_complete)'
`,
};

const HOW: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: 'source <(evpipe completion bash)      # in ~/.bashrc',
  zsh: 'source <(evpipe completion zsh)       # in ~/.zshrc, after compinit',
  fish: 'evpipe completion fish | source       # in ~/.config/fish/config.fish',
};

export const completionCommand: CommandEntry = {
  name: 'completion',
  summary: 'print a script that completes commands, options and the names in your pipeline file',
  examples: ['completion bash'],
  declare: (command) =>
    command.addArgument(new Argument('<shell>', 'which shell').choices(SHELLS)).addHelpText(
      'after',
      `\nEnable it with:\n${Object.values(HOW)
        .map((line) => `  ${line}`)
        .join('\n')}`,
    ),
  run: async ({ shell, operands }) => {
    for (const name of SHELLS) if (operands.includes(name)) shell.out(SCRIPTS[name]);
    return EXIT.done;
  },
};

/** What the scripts ask: the words after `evpipe`, the last one unfinished. Prints a candidate a line: word, tab, what it is. */
export const completeCommand = (commands: () => readonly CommandEntry[]): CommandEntry => ({
  name: '__complete [words...]',
  summary: 'candidates for a shell',
  examples: ['__complete -- logs ""'],
  hidden: true,
  declare: () => {},
  run: async ({ shell, rest: words }) => {
    for (const [word, about] of await candidates(words, commands(), shell)) {
      shell.out(`${word}\t${about}\n`);
    }
    return EXIT.done;
  },
});

type Candidate = readonly [word: string, about: string];

async function candidates(
  words: readonly string[],
  commands: readonly CommandEntry[],
  shell: Shell,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const named = (entry: CommandEntry): string => entry.name.split(' ')[0] ?? '';
  const entry = commands.find((one) => before.includes(named(one)));
  const fitting = (found: readonly Candidate[]): readonly Candidate[] =>
    found.filter(([word]) => word.startsWith(current));
  if (entry === undefined || named(entry) === 'help') {
    return fitting(commands.filter(({ hidden }) => hidden !== true).map((one) => [named(one), one.summary]));
  }
  const command = new Command(named(entry));
  entry.declare(command);
  addCommonOptions(command);
  const open = command.options.find((option) => isOpen(option, before.at(-1)));
  if (open !== undefined) return fitting(await optionValues(open, before, shell));
  if (current.startsWith('-')) return fitting(command.options.map((one) => [one.long ?? '', one.description]));
  return fitting(await operands(named(entry), before, shell));
}

/** The word before is an option that wants a value. */
const isOpen = (option: Option, word: string | undefined): boolean =>
  (option.required || option.optional) && word !== undefined && (word === option.long || word === option.short);

async function optionValues(option: Option, before: readonly string[], shell: Shell): Promise<readonly Candidate[]> {
  if (option.argChoices !== undefined) return option.argChoices.map((choice) => [choice, option.description]);
  if (option.long === '--template') {
    const { templates } = await import('../../operations/init/templates.js');
    return templates().map(({ name, summary }): Candidate => [name, summary]);
  }
  if (option.long !== '--target') return [];
  const own = (await pipelineOf(before, shell))?.target.name;
  return [...new Set(['embedded', 'compose', 'cluster', ...(own === undefined ? [] : [own])])].map((name) => [
    name,
    'target',
  ]);
}

/** What may stand there, by command; none: a file or a folder. */
async function operands(name: string, before: readonly string[], shell: Shell): Promise<readonly Candidate[]> {
  const names = (all: readonly { readonly name: string }[] | undefined, about: string): Candidate[] =>
    (all ?? []).map((one) => [one.name, about]);
  const pipeline = (): Promise<Pipeline | undefined> => pipelineOf(before, shell);
  switch (name) {
    case 'logs':
    case 'start':
    case 'stop':
    case 'restart': {
      const found = await pipeline();
      if (found === undefined) return [];
      const [{ componentsOf }, { KINDS }] = await Promise.all([
        import('../../kinds/kind.js'),
        import('../../kinds/table.js'),
      ]);
      const words = componentsOf(found, KINDS).map((one): Candidate => [one.names[0] ?? '', one.component.kind]);
      return words.filter(([word]) => !word.includes('/'));
    }
    case 'psql':
      return names((await pipeline())?.databases, 'database');
    case 'tail':
    case 'produce':
      return names((await pipeline())?.topics, 'topic');
    case 'verify-consistency':
      return names((await pipeline())?.checks, 'check');
    case 'smoke':
      return names((await pipeline())?.smoke, 'smoke test');
    case 'connectors':
      return withActions(CONNECTOR_ACTIONS, before, async () => names((await pipeline())?.connectors, 'connector'));
    case 'topics':
      return withActions(['list', 'describe'], before, async () => names((await pipeline())?.topics, 'topic'));
    case 'schemas':
      return withActions(['list', 'describe'], before, async () => names((await pipeline())?.subjects, 'subject'));
    case 'groups':
      return withActions(['list', 'describe', 'reset-offsets'], before, async () => []);
    case 'dead-letters':
      return withActions(DEAD_LETTER_ACTIONS, before, async () => deadLetterNames(await pipeline()));
    case 'completion':
      return SHELLS.map((one) => [one, 'shell']);
    default:
      return [];
  }
}

/** First what to do, then with what. */
async function withActions(
  actions: readonly string[],
  before: readonly string[],
  names: () => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  return before.some((word) => actions.includes(word)) ? names() : actions.map((action) => [action, 'action']);
}

function deadLetterNames(pipeline: Pipeline | undefined): readonly Candidate[] {
  const topics = (pipeline?.connectors ?? []).map(({ config }) => config?.['errors.deadletterqueue.topic.name'] ?? '');
  return [...new Set(topics)].filter((topic) => topic !== '').map((topic) => [topic, 'dead letter topic']);
}

/** The file that the words before name, or the one that would be found. Undefined, without a word, where it can't be loaded. */
async function pipelineOf(before: readonly string[], shell: Shell): Promise<Pipeline | undefined> {
  const file = before.flatMap((word, index) => {
    const value = before[index + 1];
    return (word === '-f' || word === '--file') && value !== undefined ? [value] : [];
  });
  const options: CommonOptions = { output: 'text', color: false, quiet: true, ...(file.length > 0 && { file }) };
  try {
    const { openPipeline } = await import('../open-pipeline.js');
    return await openPipeline({ ...shell, err: () => {} }, options);
  } catch {
    return undefined; // a shell in the middle of a line is no place for errors
  }
}
