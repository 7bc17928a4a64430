import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { confirmRelease } from '../confirm-release.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { runProgram } from '../run-program.js';
import { withSession } from '../session.js';
import { upCommand } from './up.js';

export const execCommand: CommandEntry = {
  name: 'exec [service] [command...]',
  summary: 'run a command in the environment and folder of a service, or bring the pipeline up just for the command',
  examples: ['exec person -- env', 'exec -- npx vitest run', 'exec --no-seed -- python3 -m pytest'],
  declare: (command) =>
    command
      .option('--no-seed', 'without a service: create no seed data')
      .option('--no-verify', 'without a service: run no checks first')
      .option('--volumes', 'without a service: also remove all data at the end, asking first as down --volumes does')
      .addHelpText(
        'after',
        '\nWithout a service: up, then the command with the addresses of `evpipe env`, then down; exits with the code of the command. A pipeline that was already up stays up.',
      ),
  run: async (call) => {
    const { shell, options } = call;
    const words = [...call.operands, ...call.rest];
    const [first] = words;
    if (words.length === 0) throw new EvpipeError('EVPIPE_EXEC', 'say which command to run', { kind: 'usage' });
    if (words.length === call.afterDashes.length) return onPipeline(call, words);
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    refuseUnknown(words[0] ?? '', pipeline);
    if (words.length === 1)
      throw new EvpipeError('EVPIPE_EXEC', `say what to run as ${first}`, {
        kind: 'usage',
        todo: `Try exec ${first} -- env`,
      });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { programNamed } = await import('../../operations/run/program.js');
      const program = await programNamed(session, words[0] ?? '');
      return runProgram(words.slice(1), { cwd: program?.cwd ?? shell.cwd, env: { ...shell.env, ...program?.env } });
    });
  },
};

function refuseUnknown(name: string, { services, jobs }: Pipeline): void {
  const known = [...services, ...jobs].map((one) => one.name);
  if (known.includes(name)) return;
  throw new EvpipeError('EVPIPE_SERVICE_UNKNOWN', `there is no service or job ${name}${didYouMean(name, known)}`, {
    kind: 'usage',
    todo: 'To run a command without a service: evpipe exec -- COMMAND.',
  });
}

/** Standard output is the command's alone: what `up` and `down` say goes to standard error. */
async function onPipeline(call: CommandCall, words: readonly string[]): Promise<number> {
  const { options } = call;
  const shell = { ...call.shell, out: call.shell.err };
  const pipeline = await openPipeline(shell, { ...options, quiet: true });
  return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
    const before = await session.target.status();
    const ranBefore = before.some(({ provider, state }) => provider !== 'address' && state === 'running');
    const volumes = options.volumes === true && !ranBefore;
    if (volumes) await confirmRelease(session, shell, options);
    try {
      const code = await upCommand.run({ ...call, shell, operands: [], rest: [] });
      if (code !== EXIT.done) return code;
      const { addresses } = await import('../../operations/run/env.js');
      return await runProgram(words, { cwd: shell.cwd, env: { ...shell.env, ...(await addresses(session)) } });
    } finally {
      if (!ranBefore) {
        const { down } = await import('../../operations/run/down.js');
        await down(session, { volumes });
      }
    }
  });
}
