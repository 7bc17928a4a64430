import { errorCode } from '../../../protocol/kafka/errors.js';
import { updateFeatures } from '../../../protocol/kafka/messages/update-features.js';
import type { RequestOf } from '../../../protocol/kafka/schema.js';
import { FEATURES } from '../features.js';
import { handler } from './handler.js';

type Update = RequestOf<typeof updateFeatures>['featureUpdates'][number];

const UPGRADE = 1;

/**
 * Supports: versions 0 to 2. Behaviour: a level that a feature has already is accepted; one refused feature refuses them
 * all, in every version, as Kafka 4 does. Not implemented: other levels, so that share groups stay off.
 */
export const updateFeaturesHandler = handler(
  updateFeatures,
  { supports: 'Levels that are finalized already; validate-only.', lacks: 'Other levels: they are fixed.' },
  ({ featureUpdates }, { version }) => {
    for (const update of featureUpdates) {
      const refused = refusal(update, version === 0 ? update.allowDowngrade : update.upgradeType !== UPGRADE);
      if (refused === null) continue;
      const errorMessage = `The update failed for all features since the following feature had an error: ${refused}`;
      return { errorCode: errorCode('INVALID_UPDATE_VERSION'), errorMessage };
    }
    // Version 2 has no results.
    return { errorMessage: null, results: featureUpdates.map(({ feature }) => ({ feature, errorMessage: null })) };
  },
);

function refusal({ feature, maxVersionLevel: wanted }: Update, mayDowngrade: boolean): string | null {
  const invalid = (why: string): string => `Invalid update version ${wanted} for feature ${feature}. ${why}`;
  const known = FEATURES.find(({ name }) => name === feature);
  if (wanted < 0) return invalid('A feature version cannot be less than 0.');
  if (known === undefined) return invalid('Local controller 1 does not support this feature.');
  if (wanted === known.level) return null;
  if (wanted < known.min || wanted > known.max) {
    return invalid(`Local controller 1 only supports versions ${known.min}-${known.max}`);
  }
  if (wanted < known.level && !mayDowngrade) {
    return invalid(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    );
  }
  return invalid(`The level of this feature is fixed at ${known.level} here.`);
}
