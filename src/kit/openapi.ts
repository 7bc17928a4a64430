import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Entity } from './entity.js';
import type { Field } from './field.js';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * The OpenAPI document at <path>/openapi.json and Swagger UI at <path>/docs, from the entities. What few will look at is loaded
 * when it is first asked for, into a server of its own: a start does not pay for it.
 */
export function serveDocuments(
  app: FastifyInstance,
  { title, path, entities }: { readonly title: string; readonly path: string; readonly entities: readonly Entity[] },
): void {
  const document = openApi(title, path, entities);
  let site: Promise<FastifyInstance> | undefined;
  app.get(`${path}/openapi.json`, async () => document);
  const show = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    site ??= openSite(document, `${path}/docs`);
    const { routing } = await site;
    reply.hijack();
    routing(request.raw, reply.raw);
  };
  app.get(`${path}/docs`, show);
  app.get(`${path}/docs/*`, show);
  app.addHook('onClose', async () => (await site)?.close());
}

async function openSite(document: Readonly<Record<string, Json>>, routePrefix: string): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const site = fastify();
  await site.register(swagger, { mode: 'static', specification: { document: document as never } });
  await site.register(swaggerUi, { routePrefix });
  await site.ready();
  return site;
}

function openApi(title: string, path: string, entities: readonly Entity[]): Readonly<Record<string, Json>> {
  return {
    openapi: '3.0.3',
    info: { title, version: '1' },
    paths: Object.fromEntries(entities.flatMap((entity) => pathsOf(entity, path))),
    components: { schemas: Object.fromEntries(entities.flatMap(schemasOf)) },
  };
}

const schemaName = ({ name }: Entity): string =>
  name.replace(/(^| )(\w)/g, (_, __, letter: string) => letter.toUpperCase());
const refTo = (schema: string): Json => ({ $ref: `#/components/schemas/${schema}` });
const json = (schema: Json): Json => ({ 'application/json': { schema } });

function schemasOf(entity: Entity): ReadonlyArray<readonly [string, Json]> {
  const all = Object.entries(entity.fields);
  const writable = all.filter(([, field]) => !field.readOnly);
  const shape = (fields: typeof all): Json => ({
    type: 'object',
    required: fields.map(([name]) => name),
    properties: {
      id: { type: 'string', format: 'uuid' },
      ...Object.fromEntries(fields.map(([n, f]) => [n, typeOf(f)])),
    },
  });
  return [
    [schemaName(entity), shape(all)],
    [`New${schemaName(entity)}`, shape(writable)],
  ];
}

function typeOf({ readOnly, input }: Field<unknown>): Json {
  if (readOnly) return { type: 'string', format: 'date-time', readOnly: true };
  if (input.pattern === 'true|false') return { type: 'boolean' };
  switch (input.type) {
    case 'number':
      return { type: 'integer', format: 'int64' };
    case 'date':
      return { type: 'string', format: 'date' };
    default:
      return input.maxlength === '36'
        ? { type: 'string', format: 'uuid' }
        : { type: 'string', minLength: 1, maxLength: Number(input.maxlength ?? 100) };
  }
}

function pathsOf(entity: Entity, base: string): ReadonlyArray<readonly [string, Json]> {
  const row = refTo(schemaName(entity));
  const body: Json = { required: true, content: json(refTo(`New${schemaName(entity)}`)) };
  const answer = (description: string, schema?: Json): Json => ({
    description,
    ...(schema === undefined ? {} : { content: json(schema) }),
  });
  const query = (name: string, type: string): Json => ({ name, in: 'query', schema: { type } });
  const tags = [entity.plural];
  const missing = answer('there is none with this id');
  const invalid = answer('what is wrong with which field');
  const list: Json = {
    type: 'object',
    properties: {
      items: { type: 'array', items: row },
      page: { type: 'integer' },
      page_size: { type: 'integer' },
      total: { type: 'integer' },
    },
  };
  const id: Json = [{ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }];
  return [
    [
      `${base}/${entity.plural}`,
      {
        get: {
          tags,
          summary: `Lists ${entity.plural}`,
          parameters: [query('page', 'integer'), query('page_size', 'integer'), query('q', 'string')],
          responses: { 200: answer('a page', list) },
        },
        post: {
          tags,
          summary: `Creates one; with the id of one that is there answers that, unchanged`,
          requestBody: body,
          responses: { 200: answer('it was there', row), 201: answer('created', row), 400: invalid },
        },
      },
    ],
    [
      `${base}/${entity.plural}/{id}`,
      {
        parameters: id,
        get: { tags, summary: 'Reads one', responses: { 200: answer('the row', row), 404: missing } },
        put: {
          tags,
          summary: 'Replaces one',
          requestBody: body,
          responses: { 200: answer('replaced', row), 400: invalid, 404: missing },
        },
        delete: { tags, summary: 'Deletes one', responses: { 204: answer('deleted'), 404: missing } },
      },
    ],
  ];
}
