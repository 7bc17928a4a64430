import type { ReferenceForm } from '../pipeline/kind.js';
import type { Pipeline, ReferenceValues } from '../pipeline/pipeline.js';
import { parseReference, referenceForm, referencesIn } from '../pipeline/references.js';
import type { Component, Endpoint, Faces } from '../targets/component.js';
import type { Holder } from '../targets/roles.js';
import type { Target } from '../targets/target.js';
import { componentsOf, type Kind } from './kind.js';
import type { Session } from './session.js';

/** Everything that `$(…)` means by now to a reader of this face, with the logins that are its own. */
export async function referenceValues(
  pipeline: Pipeline,
  kinds: readonly Kind[],
  target: Target,
  face: keyof Faces<unknown>,
  holder: Holder,
): Promise<ReferenceValues> {
  const forms = new Map(
    kinds.flatMap(({ references = [] }) => references.map((form) => [form.component, form] as const)),
  );
  const values = new Map<string, string>(kinds.flatMap(({ references = [] }) => references.flatMap(absent(pipeline))));
  await Promise.all(
    componentsOf(pipeline, kinds).map(async ({ component }) => {
      const form = forms.get(component.kind);
      const endpoint = form === undefined ? undefined : (await target.endpoint(component))?.[face];
      if (form === undefined || endpoint === undefined) return;
      const isOnly = form.named === undefined && component.name === component.kind;
      const prefix = isOnly ? form.head : `${form.head}.${component.name}`;
      for (const [field, value] of fieldsOf(form, component, target.as(endpoint, holder)))
        values.set(`${prefix}.${field}`, value);
      for (const [field, value] of Object.entries(component.address.credentials?.(endpoint) ?? {}))
        if (value !== undefined) values.set(`${form.head}${BESIDE}${component.address.variable[0]}_${field}`, value);
    }),
  );
  return { get: (path) => values.get(path) ?? pipeline.names.get(path), entries: () => values.entries() };
}

/** Before the names of variables that go with an address. `$(…)` can't spell such a path. */
const BESIDE = '.*.';

/** What a program needs beside the addresses in its texts: KAFKA_SASL_MECHANISM and so on, where the servers ask for it. */
export function credentialsFor(texts: readonly string[], values: ReferenceValues): Readonly<Record<string, string>> {
  const heads = new Set(texts.flatMap(referencesIn).map((path) => parseReference(path).head));
  return Object.fromEntries(
    [...values.entries()].flatMap(([path, value]) => {
      const [head = '', variable] = path.split(BESIDE);
      return variable !== undefined && heads.has(head) ? [[variable, value]] : [];
    }),
  );
}

const absent =
  (pipeline: Pipeline) =>
  (form: ReferenceForm): readonly (readonly [string, string])[] =>
    (form.optional?.(pipeline) ?? []).flatMap((name) =>
      (form.fields ?? []).map((field) => [`${form.head}.${name}.${field}`, ''] as const),
    );

function fieldsOf(
  { fields = [], renamed = {} }: ReferenceForm,
  { address }: Component,
  endpoint: Endpoint,
): readonly [string, string][] {
  const known: Readonly<Record<string, unknown>> = { ...endpoint, ...address.referred?.(endpoint) };
  return fields.flatMap((field): [string, string][] => {
    const value = known[renamed[field] ?? field];
    return value === undefined ? [] : [[field, String(value)]];
  });
}

/** The ids of the nodes that have to be done before something starts that refers to `path`. */
export function needsOf({ pipeline, kinds }: Pick<Session, 'pipeline' | 'kinds'>, path: string): readonly string[] {
  const reference = parseReference(path);
  return referenceForm(reference, kinds)?.needs?.(pipeline, reference.name) ?? [];
}
