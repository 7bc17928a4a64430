import type { FastifyInstance } from 'fastify';
import type { Rows } from './entity.js';
import { integer, Problem } from './field.js';

const PAGE_SIZE = 100;
const PAGE_SIZE_MAX = 1000;

interface ListQuery {
  readonly page?: string;
  readonly page_size?: string;
  readonly q?: string;
}

/**
 * GET <base>/<plural>?page=&page_size=&q=, GET, PUT and DELETE <base>/<plural>/<id>, POST <base>/<plural>. JSON both ways.
 * A POST with the id of a row that is there answers 200 with that row, unchanged; else 201.
 */
export function entityRoutes(app: FastifyInstance, rows: Rows, base = '/api'): void {
  const path = `${base}/${rows.entity.plural}`;
  const missing = (id: string) => ({ error: { code: 'not-found', message: `there is no ${rows.entity.name} ${id}` } });

  app.get<{ Querystring: ListQuery }>(path, async ({ query }) => {
    const { items, page, pageSize, total } = await rows.list(
      bounded(query.page, 1, Number.MAX_SAFE_INTEGER / PAGE_SIZE_MAX),
      bounded(query.page_size, PAGE_SIZE, PAGE_SIZE_MAX),
      query.q?.trim() ?? '',
    );
    return { items, page, page_size: pageSize, total };
  });

  app.post(path, async (request, reply) => {
    const { row, created } = await rows.create(request.body);
    return reply
      .code(created ? 201 : 200)
      .header('location', `${path}/${row.id}`)
      .send(row);
  });

  app.get<{ Params: { id: string } }>(`${path}/:id`, async ({ params: { id } }, reply) => {
    const row = await rows.find(id);
    return row ?? reply.code(404).send(missing(id));
  });

  app.put<{ Params: { id: string } }>(`${path}/:id`, async ({ params: { id }, body }, reply) => {
    const row = await rows.update(id, body);
    return row ?? reply.code(404).send(missing(id));
  });

  app.delete<{ Params: { id: string } }>(`${path}/:id`, async ({ params: { id } }, reply) => {
    return (await rows.remove(id)) ? reply.code(204).send() : reply.code(404).send(missing(id));
  });
}

const wholeNumber = integer();

/** A number of a query string between 1 and `most`; `otherwise` where there is none. */
export function bounded(given: string | undefined, otherwise: number, most: number): number {
  const number = wholeNumber.parse(given);
  return number instanceof Problem || number < 1 ? otherwise : Math.min(number, Math.floor(most));
}
