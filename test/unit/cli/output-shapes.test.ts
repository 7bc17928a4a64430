import { expect, it } from 'vitest';
import type { input, ZodType } from 'zod';
import { COMMANDS } from '../../../src/cli/commands.js';
import { COMMANDS_WITH_JSON, MIRRORS, outputSchema, outputShape } from '../../../src/cli/output-shapes.js';
import type { CheckReport } from '../../../src/consistency/report.js';
import type { ConnectorReport } from '../../../src/kinds/connector/connectors.js';
import type { Diagnosis } from '../../../src/kinds/diagnosis.js';
import type { FlowEdge } from '../../../src/kinds/flow/flow.js';
import type { Change } from '../../../src/kinds/resource.js';
import type { StatusReport } from '../../../src/kinds/status-report.js';
import type { DeadLetterTopic } from '../../../src/operations/dead-letters/dead-letters.js';
import type { Plan } from '../../../src/operations/plan/plan.js';
import type { KsqlTestResult } from '../../../src/operations/test-ksql.js';
import type { TopicReport } from '../../../src/operations/topics/describe.js';
import type { GroupReport } from '../../../src/operations/topics/groups.js';
import type { SubjectReport } from '../../../src/operations/topics/schemas.js';
import type { TraceEntry } from '../../../src/operations/trace/trace-entry.js';
import { outputFault } from '../../support/output-fault.js';

const NAMES = COMMANDS.map(({ name }) => name.split(' ')[0] ?? '');
/** What they print is no data, or JSON always. */
const WITHOUT = ['top', 'exec', 'schema', 'compose', 'completion', '__complete'];

it('are there for each command that prints data, and for no other', () => {
  expect(NAMES.filter((name) => !COMMANDS_WITH_JSON.includes(name) && !WITHOUT.includes(name))).toEqual([]);
  expect(COMMANDS_WITH_JSON.filter((name) => !NAMES.includes(name))).toEqual([]);
  expect(Object.keys(outputSchema().properties ?? {})).toEqual(COMMANDS_WITH_JSON);
});

it('take errors of every command, and no key that is not documented', () => {
  const error = { kind: 'error', code: 'EVPIPE_X', message: 'no', location: { file: 'a', line: 1, column: 2 } };
  for (const name of COMMANDS_WITH_JSON) expect(outputShape(name)?.safeParse(error).success, name).toBe(true);
  expect(outputFault(['validate', '-o', 'json'], '{"kind":"result","exitCode":0,"pipeline":"p"}\n')).toBeUndefined();
  expect(outputFault(['validate', '--output=json'], '{"kind":"result","exitCode":0,"name":"p"}\n')).toMatch(
    /does not say/,
  );
  expect(outputFault(['exec', '--', 'x', '-o', 'json'], 'text')).toBeUndefined();
});

/** As JSON has it: bigints are text, and nothing is read-only. */
type Printed<T> = T extends bigint
  ? string
  : T extends readonly (infer Item)[]
    ? Printed<Item>[]
    : T extends object
      ? { -readonly [Key in keyof T]: Printed<T[Key]> }
      : T;

/** Keys that are printed, at any depth, and that the shape lacks; what may be anything lacks none. */
type Extra<Of, Shape> = Of extends readonly (infer Item)[]
  ? Shape extends readonly (infer Other)[]
    ? Extra<Item, Other>
    : never
  : Of extends object
    ? {
        [Key in keyof Of]-?: Key extends keyof Shape
          ? unknown extends Shape[Key]
            ? never
            : Extra<NonNullable<Of[Key]>, NonNullable<Shape[Key]>>
          : Key;
      }[keyof Of]
    : never;

/** Compiles only where all that is printed of the type has the shape, and nothing beside it. */
const mirrors = <Shape extends ZodType, Of extends input<Shape>>(
  _shape: Shape,
  _printed: Of,
  ..._extra: [Extra<Of, input<Shape>>] extends [never] ? [] : [Extra<Of, input<Shape>>]
): true => true;

it('mirror the types of what is printed', () => {
  expect([
    mirrors(MIRRORS.status, {} as Printed<StatusReport>),
    mirrors(MIRRORS.checkReport, {} as Printed<CheckReport>),
    mirrors(MIRRORS.change, {} as Printed<Change>),
    mirrors(MIRRORS.plan, {} as Printed<Plan> & { kind: 'plan'; version: 1 }),
    mirrors(MIRRORS.diagnosis, {} as Printed<Diagnosis>),
    mirrors(MIRRORS.topic, {} as Printed<TopicReport>),
    mirrors(MIRRORS.group, {} as Printed<GroupReport>),
    mirrors(MIRRORS.subject, {} as Printed<SubjectReport>),
    mirrors(MIRRORS.connector, {} as Printed<ConnectorReport>),
    mirrors(MIRRORS.deadLetterTopic, {} as Printed<DeadLetterTopic>),
    mirrors(MIRRORS.traced, {} as Printed<TraceEntry>),
    mirrors(MIRRORS.edge, {} as Printed<FlowEdge>),
    mirrors(MIRRORS.test, {} as Printed<KsqlTestResult> & { kind: 'test' }),
  ]).not.toContain(false);
});
