import { type CheckReport, VERDICTS } from '../kinds/events.js';

interface Metric {
  readonly name: string;
  readonly help: string;
  samples(
    report: CheckReport,
  ): ReadonlyArray<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>;
}

const METRICS: readonly Metric[] = [
  {
    name: 'evpipe_check_verdict',
    help: '1 for the verdict that the check has, 0 for the others.',
    samples: ({ verdict }) => VERDICTS.map((one) => ({ labels: { verdict: one }, value: one === verdict ? 1 : 0 })),
  },
  {
    name: 'evpipe_check_rows',
    help: 'Rows that were compared on each side.',
    samples: ({ sourceRows, replicaRows }) => [
      { labels: { side: 'source' }, value: sourceRows },
      { labels: { side: 'replica' }, value: replicaRows },
    ],
  },
  {
    name: 'evpipe_check_differences',
    help: 'Keys that differ; of a check that is lagging or inconclusive they are not proven.',
    samples: (report) =>
      (['missing', 'extra', 'different'] as const).map((kind) => ({ labels: { kind }, value: report[kind] })),
  },
  {
    name: 'evpipe_check_duration_seconds',
    help: 'How long the check took.',
    samples: ({ elapsedMs }) => [{ labels: {}, value: elapsedMs / 1000 }],
  },
];

/** What the checks have found, in Prometheus' text format: for a file that node_exporter's textfile collector reads. */
export function checkMetrics(pipeline: string, reports: readonly CheckReport[], atMs: number): string {
  const lines = METRICS.flatMap(({ name, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...reports.flatMap((report) =>
      samples(report).map(
        ({ labels, value }) => `${name}${labelsText({ pipeline, check: report.check, ...labels })} ${value}`,
      ),
    ),
  ]);
  const time = 'evpipe_checks_timestamp_seconds';
  return `${[
    ...lines,
    `# HELP ${time} When the checks ended.`,
    `# TYPE ${time} gauge`,
    `${time}${labelsText({ pipeline })} ${atMs / 1000}`,
  ].join('\n')}\n`;
}

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapedLabel(value)}"`)
    .join(',')}}`;

const escapedLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
