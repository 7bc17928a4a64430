import { type Api, type Fields, type FieldType, includes, type Struct } from '../../../protocol/kafka/schema.js';

const ERROR_FIELD = 'errorCode';
const ERROR_FIELDS: ReadonlySet<string> = new Set([ERROR_FIELD, 'errorMessage']);

/**
 * The answer to a request that is refused without being carried out: every topic, partition, group or key that it names
 * is answered with this error, or the request as a whole where its answer has one error only. Undefined where an answer
 * of this version has no place for an error.
 */
export function refusal({ request, response }: Api, version: number, asked: Struct, code: number): Struct | undefined {
  return answered(response, request, version, asked, code);
}

function answered(response: Fields, request: Fields, version: number, asked: Struct, code: number): Struct | undefined {
  const named = firstList(request, version);
  const elements = named === undefined ? undefined : asked[named.name];
  const answers = errorList(response, version);
  if (named !== undefined && answers !== undefined && Array.isArray(elements) && elements.length > 0) {
    return {
      [answers.name]: elements.map((element) => elementAnswer(answers.fields, named.element, version, element, code)),
    };
  }
  return has(response, ERROR_FIELD, version) ? { [ERROR_FIELD]: code } : undefined;
}

/** What answers one element of a request's list: its own fields again, which say what it is, and the error. */
function elementAnswer(fields: Fields, asked: FieldType, version: number, element: unknown, code: number): Struct {
  if (asked.kind !== 'struct') return { [nameOf(fields, version)]: element, [ERROR_FIELD]: code };
  const own = element as Struct;
  const inner = has(fields, ERROR_FIELD, version)
    ? { [ERROR_FIELD]: code }
    : answered(fields, asked.fields, version, own, code);
  return { ...identity(fields, version, own), ...inner };
}

/** Requests and answers call a partition by different names. */
const SYNONYMS: Readonly<Record<string, string>> = { partition: 'partitionIndex', partitionIndex: 'partition' };

/** What says which thing an answer is about, beside every text and id. */
const NUMBERS: ReadonlySet<string> = new Set(['index', 'partition', 'partitionIndex', 'producerId', 'resourceType']);

function identity(fields: Fields, version: number, element: Struct): Struct {
  const copied = Object.entries(element).flatMap(([name, value]) => {
    const target = has(fields, name, version) ? name : (SYNONYMS[name] ?? name);
    const identifies = NUMBERS.has(target) || typeof value === 'string';
    return identifies && has(fields, target, version) ? [[target, value]] : [];
  });
  return Object.fromEntries(copied);
}

/** The field that says what an answer to a plain element (a key, a partition's number) is about: the first one. */
const nameOf = (fields: Fields, version: number): string =>
  Object.keys(fields).find((name) => !ERROR_FIELDS.has(name) && has(fields, name, version)) ?? ERROR_FIELD;

const has = (fields: Fields, name: string, version: number): boolean => {
  const field = fields[name];
  return field !== undefined && includes(field.versions, version);
};

function firstList(fields: Fields, version: number): { name: string; element: FieldType } | undefined {
  for (const [name, { type, versions }] of Object.entries(fields)) {
    if (type.kind === 'list' && includes(versions, version)) return { name, element: type.element };
  }
  return undefined;
}

/** The first list of an answer in which there is an error at some depth. */
function errorList(fields: Fields, version: number): { name: string; fields: Fields } | undefined {
  for (const [name, { type, versions }] of Object.entries(fields)) {
    if (type.kind !== 'list' || type.element.kind !== 'struct' || !includes(versions, version)) continue;
    const inner = type.element.fields;
    if (has(inner, ERROR_FIELD, version) || errorList(inner, version) !== undefined) return { name, fields: inner };
  }
  return undefined;
}
