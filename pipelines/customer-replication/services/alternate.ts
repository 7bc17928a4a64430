/** The customers again, read from the documents: GET /api/customers, GET /api/customers/<id>. */
import { runService } from 'evpipe/kit';
import type { Customer } from './events.js';

const PAGE_SIZE = 100;

runService(async (service) => {
  const store = await service.documents();
  const customers = await store.collection<Customer>('customers');

  await service.serve({
    title: 'Customers (documents)',
    check: () => store.ping(),
    routes(app) {
      app.get<{ Querystring: { page?: string } }>('/api/customers', async ({ query }) => {
        const page = Math.max(1, Math.floor(Number(query.page)) || 1);
        const { items, total } = await customers.list({ deleted: false }, page, PAGE_SIZE);
        return { items, page, page_size: PAGE_SIZE, total };
      });
      app.get<{ Params: { id: string } }>('/api/customers/:id', async ({ params: { id } }, reply) => {
        const customer = await customers.find(id);
        if (customer !== undefined && !customer.deleted) return customer;
        return reply.code(404).send({ error: { code: 'not-found', message: `there is no customer ${id}` } });
      });
    },
  });
});
