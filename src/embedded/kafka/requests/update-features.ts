import { errorCode } from '../../../protocol/kafka/errors.js';
import { updateFeatures } from '../../../protocol/kafka/messages/update-features.js';
import type { RequestOf } from '../../../protocol/kafka/schema.js';
import { FEATURES } from '../features.js';
import { handler } from './handler.js';

type Update = RequestOf<typeof updateFeatures>['featureUpdates'][number];

const UPGRADE = 1;

/** From this version on one refused feature refuses them all. */
const ALL_OR_NONE = 2;

/** Supports: versions 0 to 2. Behaviour: a level that a feature has already is accepted. Not implemented: other levels. */
export const updateFeaturesHandler = handler(
  updateFeatures,
  { supports: 'Levels that are finalized already; validate-only.', lacks: 'Other levels: they are fixed.' },
  ({ featureUpdates }, { version }) => {
    const results = featureUpdates.map((update) => {
      const errorMessage = refusal(update, version === 0 ? update.allowDowngrade : update.upgradeType !== UPGRADE);
      return {
        feature: update.feature,
        errorCode: errorMessage === null ? 0 : errorCode('INVALID_UPDATE_VERSION'),
        errorMessage,
      };
    });
    if (version < ALL_OR_NONE) return { errorMessage: null, results };
    const refused = results.find((result) => result.errorMessage !== null);
    if (refused === undefined) return { errorMessage: null };
    const errorMessage = `The update failed for all features since the following feature had an error: ${refused.errorMessage}`;
    return { errorCode: refused.errorCode, errorMessage };
  },
);

function refusal({ feature, maxVersionLevel: wanted }: Update, mayDowngrade: boolean): string | null {
  const invalid = (why: string): string => `Invalid update version ${wanted} for feature ${feature}. ${why}`;
  const known = FEATURES.find(({ name }) => name === feature);
  if (wanted < 0) return invalid('A feature version cannot be less than 0.');
  if (known === undefined) return invalid('Broker 1 does not support this feature.');
  if (wanted === known.level) return null;
  if (wanted < known.min || wanted > known.max) {
    return invalid(`Broker 1 only supports versions ${known.min}-${known.max}.`);
  }
  if (!mayDowngrade) {
    return invalid(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    );
  }
  return invalid(`The level of this feature is fixed at ${known.level} here.`);
}
