import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { KINDS } from '../../../src/kinds/table.js';
import { jsonSchema } from '../../../src/pipeline/json-schema.js';

const PERSON_PLANNING = fileURLToPath(new URL('../../../pipelines/person-planning/evpipe.yaml', import.meta.url));

/** Paths of properties that an editor could say nothing about. */
function undescribed(schema: unknown, path: string): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap((one, index) => undescribed(one, `${path}[${index}]`));
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key !== 'properties') return undescribed(value, key === 'anyOf' ? path : `${path}.${key}`);
    return Object.entries(value as Record<string, { readonly description?: string }>).flatMap(([name, property]) => [
      ...(property.description === undefined ? [`${path}.${name}`] : []),
      ...undescribed(property, `${path}.${name}`),
    ]);
  });
}

describe('the JSON Schema of the pipeline file', () => {
  const schema = jsonSchema(KINDS);

  it('describes every key', () => {
    expect(undescribed(schema, '$')).toEqual([]);
  });

  it('is one that editors know, closed against unknown keys', () => {
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'evpipe pipeline file',
      type: 'object',
      additionalProperties: false,
      required: ['version', 'name'],
    });
    // It is printed for editors: nothing of it may be lost on the way.
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });

  it('takes person-planning, and refuses what evpipe refuses', () => {
    const reader = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
    const file = parse(readFileSync(PERSON_PLANNING, 'utf8')) as Record<string, unknown>;
    expect(reader.safeParse(file).error).toBeUndefined();
    for (const wrong of [
      { name: 'Not A Name' },
      { version: 2 },
      { topcs: {} },
      { topics: { a: { partitions: 0 } } },
      { services: { a: { port: 'x' } } },
    ]) {
      expect(reader.safeParse({ ...file, ...wrong }).success, JSON.stringify(wrong)).toBe(false);
    }
  });
});
