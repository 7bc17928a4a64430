/** Keeps search_product. Rows come at least once: writing the same one again changes nothing. */
import { runService } from 'evpipe/kit';

/** As Debezium writes it. */
interface ProductRow {
  readonly id: string;
  readonly name: string;
  readonly price: number;
  /** Days since 1970-01-01. */
  readonly available_from: number;
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
        await transaction.query('DELETE FROM search_product WHERE id = $1', [key]);
        return;
      }
      const product = await avro.decode<ProductRow>(value);
      await transaction.query(
        `INSERT INTO search_product (id, name, price, available_from) VALUES ($1, $2, $3, date '1970-01-01' + $4::int)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, price = excluded.price, available_from = excluded.available_from`,
        [product.id, product.name, product.price, product.available_from],
      );
    },
  });
});
