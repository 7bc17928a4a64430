import type { Diagnosis } from '../../kinds/diagnosis.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { Problem } from '../../pipeline/problem.js';
import { EvpipeError } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT_OF_KIND, worstExit } from '../exit-codes.js';
import { openWithWarnings } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const doctorCommand: CommandEntry = {
  name: 'doctor [pipeline]',
  summary: 'find problems before they bite: this machine, the file, ports, servers, slots, connectors',
  examples: ['doctor', 'doctor pipelines/person-planning --target cluster'],
  declare: () => {},
  run: async (call) => {
    const { shell, options } = call;
    const { examineHost, examinePipeline } = await import('../../operations/doctor/doctor.js');
    const { pipeline, said } = await openFile(call);
    const print = await diagnosisPrinter(call);
    const found: Diagnosis[] = [...examineHost(pipeline?.folder ?? shell.cwd), ...said];
    for (const one of found) print(one);
    if (pipeline !== undefined) {
      await withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
        for (const one of await examinePipeline(session, shell.env)) {
          found.push(one);
          print(one);
        }
      });
    }
    const exitCode = worstExit(
      found.flatMap(({ health, ending }) => (health === 'bad' ? [EXIT_OF_KIND[ending ?? 'failed']] : [])),
    );
    if (options.output === 'json') shell.out(jsonLine({ kind: 'result', exitCode }));
    return exitCode;
  },
};

/** Without a pipeline file the machine can still be looked at; a broken one is a finding, and so is each doubt about one. */
async function openFile({
  shell,
  options,
  operands: [operand],
}: CommandCall): Promise<{ pipeline: Pipeline | undefined; said: readonly Diagnosis[] }> {
  try {
    const { pipeline, warnings } = await openWithWarnings(shell, options, operand);
    const valid: Diagnosis = {
      about: 'pipeline',
      health: 'good',
      says: `${pipeline.name}, ${pipeline.file} is valid`,
    };
    return { pipeline, said: [valid, ...warnings.map(doubt)] };
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind !== 'usage') throw failure;
    const { code, message, todo } = failure;
    const unnamed = code === 'EVPIPE_FILE_MISSING' && operand === undefined && options.file === undefined;
    const health = unnamed ? 'warning' : 'bad';
    const file: Diagnosis = {
      about: 'pipeline',
      health,
      says: message,
      ending: 'usage',
      ...(todo === undefined ? {} : { todo }),
    };
    return { pipeline: undefined, said: [file] };
  }
}

function doubt({ message, todo, location: { file, line, column } }: Problem): Diagnosis {
  const says = `${file}:${line}:${column}: ${message}`;
  return { about: 'file', health: 'warning', says, ...(todo === undefined ? {} : { todo }) };
}

const ABOUT_COLUMNS = 26;
/** Below this many columns what is said begins right after what it is about, and goes on below it. */
const WIDE_COLUMNS = 76;

async function diagnosisPrinter({ shell, options }: CommandCall): Promise<(one: Diagnosis) => void> {
  if (options.output === 'json') return (one) => shell.out(jsonLine(one));
  const [{ column, line, span }, { printLine }] = await Promise.all([
    import('../../ui/text/line.js'),
    import('../print-line.js'),
  ]);
  const signs = { good: span('✓', 'good'), warning: span('!', 'wait'), bad: span('✗', 'bad') };
  const isWide = (shell.columns ?? WIDE_COLUMNS) >= WIDE_COLUMNS;
  const indent = isWide ? ABOUT_COLUMNS + 6 : 6;
  return ({ about, health, says, todo }) => {
    if (health === 'good' && options.quiet === true) return;
    const [first = '', ...more] = says.split('\n');
    const head = isWide ? column(about, ABOUT_COLUMNS) : about;
    printLine(line('  ', signs[health], ` ${head}  ${first}`), { shell, indent });
    for (const text of [...more, ...(todo === undefined ? [] : [todo])])
      printLine(line(`${' '.repeat(indent)}${text}`), { shell, indent });
  };
}
