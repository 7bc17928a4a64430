import { Command, CommanderError } from 'commander';
import type { CommandCall, CommandEntry, CommonOptions } from './command.js';
import { COMMANDS } from './commands.js';
import { addCommonOptions } from './common-options.js';
import { EXIT } from './exit-codes.js';
import { reportError } from './report-error.js';
import { packageVersion, type Shell } from './shell.js';

/** A person has pressed Ctrl-C and waits; connections close in far less. */
const OVERDUE_MS = 1_500;

function build(shell: Shell, finish: (code: number) => void): Command {
  const program = new Command('evpipe')
    .description('Brings up event pipelines from one YAML file, and proves that every replica agrees with its source.')
    .version(packageVersion(), '--version')
    .helpCommand('help [command]', 'show help for a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: shell.out, writeErr: shell.err });
  const undeclared = new Map(COMMANDS.map((entry) => [addCommand(program, entry, shell, finish), entry]));
  // Most of the time it takes to declare all commands goes into options, and only those of one command are needed.
  const declare = (command: Command): void => {
    const entry = undeclared.get(command);
    if (entry === undefined) return;
    undeclared.delete(command);
    entry.declare(command);
    addCommonOptions(command);
  };
  program.hook('preSubcommand', (_, command) => declare(command));
  // `help NAME` prints its text without running it.
  program.addHelpText('beforeAll', ({ command }) => {
    declare(command);
    return '';
  });
  program.addHelpText('after', '\nStart with: evpipe up pipelines/person-planning');
  return program;
}

function addCommand(program: Command, entry: CommandEntry, shell: Shell, finish: (code: number) => void): Command {
  const command = program.command(entry.name, { hidden: entry.hidden === true }).description(entry.summary);
  command.addHelpText('after', `\nExamples:\n${entry.examples.map((line) => `  $ evpipe ${line}`).join('\n')}`);
  command.action(async (...args: unknown[]) => {
    const options = command.opts<CommonOptions & Record<string, unknown>>();
    const typed = (program as Command & { readonly rawArgs: readonly string[] }).rawArgs;
    const afterDashes = typed.includes('--') ? typed.slice(typed.indexOf('--') + 1) : [];
    try {
      const running = entry.run({ shell, ...givenArguments(args.slice(0, -2)), afterDashes, options });
      const endsInOrder = entry.endsInOrder?.(options) === true;
      finish(await (endsInOrder ? running : Promise.race([running, overdue(shell.signal)])));
    } catch (thrown) {
      const cause = shell.signal.aborted ? shell.signal.reason : thrown;
      finish(reportError(cause, shell, { verbose: options.verbose === true, json: options.output === 'json' }));
    }
  });
  return command;
}

/** Commander hands over a string for an argument of one word, and a list for one of several. */
function givenArguments(args: readonly unknown[]): Pick<CommandCall, 'operands' | 'rest'> {
  return {
    operands: args.filter((given) => typeof given === 'string'),
    rest: args.filter((given): given is string[] => Array.isArray(given)).flat(),
  };
}

/** Settles some time after Ctrl-C, with its reason: what a command then still waits for is not waited for. */
function overdue(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const begin = (): void => void setTimeout(() => reject(signal.reason), OVERDUE_MS).unref();
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true });
  });
}

/** Runs one command line; answers with the exit code and never throws. */
export async function runCommandLine(argv: readonly string[], shell: Shell): Promise<number> {
  let exitCode: number = EXIT.done;
  try {
    const program = build(shell, (code) => {
      exitCode = code;
    });
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.done;
    }
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    // Commander has printed its own words; help and version end with 0, everything else is wrong usage.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    return reportError(thrown, shell, { verbose: argv.includes('-v') || argv.includes('--verbose'), json: false });
  }
}
