import { Ajv, type Options } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isJsonObject, type Json } from '../json/parse.js';

const OPTIONS: Options = { strict: false, validateFormats: false, logger: false };

/** The draft by a part of its `$schema`, and the schema of its schemas. */
const DRAFTS = [
  { name: '2020-12', meta: 'https://json-schema.org/draft/2020-12/schema', ajv: () => new Ajv2020(OPTIONS) },
  { name: '2019-09', meta: 'https://json-schema.org/draft/2019-09/schema', ajv: () => new Ajv2019(OPTIONS) },
  { name: 'draft-07', meta: 'http://json-schema.org/draft-07/schema', ajv: () => new Ajv(OPTIONS) },
] as const;
const made = new Map<string, Ajv>();

/** What the draft named by `$schema` has against the schema; draft 7 where it names none. Drafts before 6 are not checked. */
export function checkAgainstDraft(document: Json): string | undefined {
  const dialect = isJsonObject(document) && typeof document.$schema === 'string' ? document.$schema : 'draft-07';
  if (/draft-0[34]/.test(dialect)) return undefined;
  const draft = DRAFTS.find(({ name }) => dialect.includes(name)) ?? DRAFTS[2];
  const ajv = made.get(draft.name) ?? draft.ajv();
  made.set(draft.name, ajv);
  if (ajv.validate(draft.meta, document) === true) return undefined;
  const [first] = ajv.errors ?? [];
  return first === undefined
    ? 'is not a valid JSON Schema'
    : `#${first.instancePath} ${first.message ?? 'is not valid'}`;
}
