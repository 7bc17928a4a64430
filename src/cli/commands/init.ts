import { basename, relative, resolve } from 'node:path';
import type { Template } from '../../operations/init/templates.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import type { Shell } from '../shell.js';

export const initCommand: CommandEntry = {
  name: 'init [name]',
  summary: 'create a new pipeline from a template',
  examples: ['init', 'init shop --template outbox', 'init --list'],
  declare: (command) =>
    command
      .option('-t, --template <name>', 'template to start from; prompts on a terminal if omitted')
      .option('--list', 'list the templates and exit'),
  run: async (call) => {
    const { shell, options } = call;
    const { templates } = await import('../../operations/init/templates.js');
    if (options.list === true) return list(templates(), call);
    const { template, name } = await complete(templates(), call);
    const folder = resolve(shell.cwd, name);
    const { init } = await import('../../operations/init/init.js');
    await init({ folder, template });
    if (options.output === 'json') shell.out(jsonLine({ kind: 'result', exitCode: EXIT.done, folder, template }));
    else if (options.quiet !== true) shell.out(nextSteps(shell, folder));
    return EXIT.done;
  },
};

function list(all: readonly Template[], { shell, options }: CommandCall): number {
  const width = Math.max(...all.map(({ name }) => name.length));
  for (const { name, summary } of all) {
    shell.out(options.output === 'json' ? jsonLine({ name, summary }) : `${name.padEnd(width)}  ${summary}\n`);
  }
  return EXIT.done;
}

/** What the command line leaves open is asked for on a terminal. */
async function complete(
  all: readonly Template[],
  { shell, options, operands: [name] }: CommandCall,
): Promise<{ template: string; name: string }> {
  const template = options.template as string | undefined;
  if (template !== undefined && name !== undefined) return { template, name };
  if (!shell.interactive || options.yes === true || options.output === 'json') {
    // A template's own name is as good as another; the other way round it cannot be guessed.
    if (template !== undefined) return { template, name: template };
    throw new EvpipeError('EVPIPE_TEMPLATE_UNNAMED', 'no template given', {
      kind: 'usage',
      todo: `--template ${all.map((one) => one.name).join(' | ')}`,
    });
  }
  return ask(all, { template, name }, shell);
}

async function ask(
  all: readonly Template[],
  known: { readonly template: string | undefined; readonly name: string | undefined },
  shell: Shell,
): Promise<{ template: string; name: string }> {
  const [{ default: select }, { default: input }, { nameProblem }, { requireEmpty }] = await Promise.all([
    import('@inquirer/select'),
    import('@inquirer/input'),
    import('../../operations/init/init.js'),
    import('../../operations/init/new-folder.js'),
  ]);
  // Both streams are the terminal; answers are no data, so stdout stays clean.
  const context = { output: process.stderr, signal: shell.signal };
  const namable = (name: string): string | true => {
    const folder = resolve(shell.cwd, name);
    try {
      requireEmpty(folder);
    } catch (failure) {
      return messageOf(failure);
    }
    return nameProblem(basename(folder)) ?? true;
  };
  try {
    const choices = all.map(({ name, summary }) => ({ value: name, name, description: summary }));
    const template =
      known.template ?? (await select({ message: 'Which template?', choices, pageSize: 12, loop: false }, context));
    const name =
      known.name ??
      (await input({ message: 'Pipeline name?', default: template, validate: namable, required: true }, context));
    return { template, name };
  } catch (failure) {
    // Ctrl-C comes as a key while a prompt is open, not as a signal.
    if (!(failure instanceof Error) || !['ExitPromptError', 'AbortPromptError'].includes(failure.name)) throw failure;
    throw new EvpipeError('EVPIPE_INTERRUPTED', 'interrupted; nothing was created', { kind: 'interrupted' });
  }
}

function nextSteps(shell: Shell, folder: string): string {
  const place = relative(shell.cwd, folder);
  const operand = place === '' ? '' : ` ${place}`;
  return [
    `${basename(folder)} is there${place === '' ? '' : `, in ${place}/`}: evpipe.yaml and what it names.`,
    `  next        ${shell.self} up${operand}`,
    `  try it      ${shell.self} smoke${operand}`,
    `  stop it     ${shell.self} down${operand} --volumes`,
    `  for types   ${place === '' ? '' : `cd ${place} && `}npm install`,
    '',
  ].join('\n');
}
