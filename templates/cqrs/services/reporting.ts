/** The side that reads: it shows what the projection keeps. */
import { entity, integer, runService, text } from 'evpipe/kit';

const orders = entity({
  name: 'order',
  plural: 'orders',
  table: 'reporting_order',
  fields: { customer: text(), total: integer() },
});

runService(async (service) => {
  const database = await service.database();
  await service.serve({
    title: 'Reporting',
    database,
    entities: [orders],
    notice: 'A projection. What is changed here is told to nobody: verify-consistency will name it.',
  });
});
