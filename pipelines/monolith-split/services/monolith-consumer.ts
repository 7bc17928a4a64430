/**
 * Keeps the monolith's copy of the catalog's entries: of each the newest revision that has arrived. An entry whose product
 * or market the monolith does not know (yet) is kept at the head of its partition until it does.
 */
import { NotYet, type Queries, runService } from 'evpipe/kit';
import { type CatalogEvent, entryKey } from './events.js';

runService(async (service) => {
  const database = await service.database();

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    database,
    async apply({ key, value }, transaction) {
      if (value === null) {
        const [product, market] = (key ?? '').split('/');
        await transaction.query('DELETE FROM catalog_catalogentry WHERE product_uuid = $1 AND market_iso_code = $2', [
          product,
          market,
        ]);
        return;
      }
      const { data, revision } = JSON.parse(value.toString()) as CatalogEvent;
      await requireBoth(transaction, data.productUUID, data.marketISOCode);
      await transaction.query(
        `INSERT INTO catalog_catalogentry (product_uuid, market_iso_code, start_offering, offering_ends, revision)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (product_uuid, market_iso_code) DO UPDATE
         SET start_offering = excluded.start_offering, offering_ends = excluded.offering_ends,
             revision = excluded.revision
         WHERE catalog_catalogentry.revision < excluded.revision`,
        [data.productUUID, data.marketISOCode, data.StartOffering, data.OfferingEnds, revision],
      );
    },
  });
});

async function requireBoth(queries: Queries, product: string, market: string): Promise<void> {
  const [known] = await queries.query<{ product: boolean; market: boolean }>(
    `SELECT EXISTS (SELECT FROM product_product WHERE product_uuid = $1) AS product,
            EXISTS (SELECT FROM catalog_market WHERE iso_code = $2) AS market`,
    [product, market],
  );
  const entry = entryKey(product, market);
  if (known?.product !== true) throw new NotYet(`product ${product} of entry ${entry}`);
  if (known.market !== true) throw new NotYet(`market ${market} of entry ${entry}`);
}
