import { Command, type Option } from 'commander';
import { markdownTable } from '../support/markdown.js';
import type { CommandEntry } from './command.js';
import { COMMANDS } from './commands.js';
import { addCommonOptions } from './common-options.js';
import { EXIT } from './exit-codes.js';

const EXIT_MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done; every check that was asked for is consistent',
  failed: 'it failed, or a check is inconsistent',
  usage: 'wrong usage, or an invalid pipeline file',
  changesPending: 'a plan would change something',
  unreachable: 'a server cannot be reached, or nothing runs',
  deadline: 'the deadline passed, or nothing was proven: not ready, lagging, inconclusive, empty',
  defect: 'a bug in evpipe; `--verbose` prints the stack trace',
  interrupted: 'interrupted by Ctrl-C (143 by SIGTERM)',
};

/** docs/commands.md: from the entries that --help works by. */
export function commandsDocumentation(): string {
  const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
  return [
    '# Commands',
    '',
    'Data goes to stdout, narration to stderr. Where a command prints data, `--output json` prints it for programs, in [documented shapes](json-output.md).',
    'This page is generated from what `evpipe COMMAND --help` prints.',
    '',
    ...markdownTable(
      ['command', 'what it does'],
      shown.map(({ name, summary }) => [`[${word(name)}](#${word(name)})`, summary]),
    ),
    '',
    '## Options of every command',
    '',
    ...optionTable(addCommonOptions),
    '',
    '## Exit codes',
    '',
    ...markdownTable(
      ['code', 'meaning'],
      Object.entries(EXIT_MEANING).map(([name, meaning]) => [String(EXIT[name as keyof typeof EXIT]), meaning]),
    ),
    '',
    ...shown.flatMap(section),
  ].join('\n');
}

function section(entry: CommandEntry): string[] {
  const command = declared((command) => entry.declare(command));
  const operands = command.registeredArguments.filter(({ description }) => description !== '');
  return [
    `## ${word(entry.name)}`,
    '',
    `\`evpipe ${entry.name}\`: ${entry.summary}.`,
    '',
    ...(operands.length === 0
      ? []
      : [
          ...markdownTable(
            ['argument', 'meaning'],
            operands.map((operand) => [`\`${operand.name()}\``, command.createHelp().argumentDescription(operand)]),
          ),
          '',
        ]),
    ...(visible(command).length === 0 ? [] : [...optionTable((to) => entry.declare(to)), '']),
    '```sh',
    ...entry.examples.map((example) => `evpipe ${example}`),
    '```',
    '',
  ];
}

function optionTable(declare: (command: Command) => void): string[] {
  const command = declared(declare);
  return markdownTable(
    ['option', 'meaning'],
    visible(command).map((option) => [`\`${option.flags}\``, command.createHelp().optionDescription(option)]),
  );
}

function declared(declare: (command: Command) => void): Command {
  const command = new Command().helpOption(false);
  declare(command);
  return command;
}

const visible = (command: Command): Option[] => command.options.filter(({ hidden }) => !hidden);

const word = (name: string): string => name.split(' ', 1).join('');
