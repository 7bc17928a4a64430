/** Shows what planning knows. Its tables are replicas: the two consumers write them. */
import { date, entity, integer, runService, uuid } from 'evpipe/kit';

const persons = entity({
  name: 'person',
  plural: 'persons',
  table: 'planning_person',
  fields: { date_of_birth: date() },
});

const balanceSheets = entity({
  name: 'balance sheet',
  plural: 'balance-sheets',
  table: 'planning_balancesheet',
  fields: { person_id: uuid(), date_calculated: date(), assets: integer(), liabilities: integer() },
});

runService(async (service) => {
  const database = await service.database();
  await service.serve({
    title: 'Planning',
    database,
    entities: [persons, balanceSheets],
    notice:
      'Replicas of person and accounting. What is changed here is told to nobody: verify-consistency will name it.',
  });
});
