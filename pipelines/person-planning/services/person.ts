/** Owns the persons, and reports every change of one by an event in its outbox. */
import { cloudEvent, date, entity, runService, text, timestamp, writeOutbox } from 'evpipe/kit';

runService(async (service) => {
  const database = await service.database();
  const avro = await service.avro();
  const topic = service.env('TOPIC');

  const persons = entity({
    name: 'person',
    plural: 'persons',
    table: 'person_person',
    order: ['last_name', 'first_name'],
    fields: {
      first_name: text(),
      last_name: text(),
      date_of_birth: date(),
      created: timestamp('created'),
      modified: timestamp('changed'),
    },
    async onChange(transaction, { kind, row: { id, first_name, last_name, date_of_birth } }) {
      const event = cloudEvent(`person.${kind}`, 'person', { id, first_name, last_name, date_of_birth });
      await writeOutbox(transaction, {
        topic,
        key: id,
        id: event.id,
        type: event.type,
        source: event.source,
        payload: kind === 'deleted' ? null : await avro.encode(topic, event),
      });
    },
  });

  await service.serve({ title: 'Person', database, entities: [persons] });
});
