/** Keeps planning_person: of each person what planning needs, no person that is gone. */
import { type CloudEvent, runService } from 'evpipe/kit';

interface Person {
  readonly id: string;
  readonly date_of_birth: string;
}

runService(async (service) => {
  const database = await service.database();
  const avro = await service.avro();

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    database,
    async apply({ key, value }, transaction) {
      if (value === null) {
        await transaction.query('DELETE FROM planning_person WHERE id = $1', [key]);
        return;
      }
      const { data } = await avro.decode<CloudEvent<Person>>(value);
      await transaction.query(
        `INSERT INTO planning_person (id, date_of_birth) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET date_of_birth = excluded.date_of_birth`,
        [data.id, data.date_of_birth],
      );
    },
  });
});
