/**
 * What the data generator (faker) can make when it is asked without arguments, by module: `person.firstName`. Written
 * down, because importing the library costs more than all of lint; a test holds it against the library.
 */
const GENERATORS: Readonly<Record<string, string>> = {
  airline: 'aircraftType airline airplane airport flightNumber recordLocator seat',
  animal: 'bear bird cat cetacean cow crocodilia dog fish horse insect lion petName rabbit rodent snake type',
  book: 'author format genre publisher series title',
  color: 'cmyk colorByCSSColorSpace cssSupportedFunction cssSupportedSpace hsl human hwb lab lch rgb space',
  commerce: 'department isbn price product productAdjective productDescription productMaterial productName upc',
  company:
    'buzzAdjective buzzNoun buzzPhrase buzzVerb catchPhrase catchPhraseAdjective catchPhraseDescriptor catchPhraseNoun name',
  database: 'collation column engine mongodbObjectId type',
  datatype: 'boolean',
  date: 'anytime birthdate future month past recent soon timeZone weekday',
  finance:
    'accountName accountNumber amount bic bitcoinAddress creditCardCVV creditCardIssuer creditCardNumber currency currencyCode currencyName currencyNumericCode currencySymbol ethereumAddress iban litecoinAddress pin routingNumber transactionDescription transactionType',
  food: 'adjective description dish ethnicCategory fruit ingredient meat spice vegetable',
  git: 'branch commitDate commitEntry commitMessage commitSha',
  hacker: 'abbreviation adjective ingverb noun phrase verb',
  image: 'avatar avatarGitHub dataUri personPortrait url urlLoremFlickr urlPicsumPhotos',
  internet:
    'displayName domainName domainSuffix domainWord email emoji exampleEmail httpMethod httpStatusCode ip ipv4 ipv6 jwt jwtAlgorithm mac password port protocol url userAgent username',
  location:
    'buildingNumber cardinalDirection city continent country countryCode county direction language latitude longitude nearbyGPSCoordinate ordinalDirection postalAddress secondaryAddress state street streetAddress timeZone zipCode',
  lorem: 'lines paragraph paragraphs sentence sentences slug text word words',
  music: 'album artist genre songName',
  number: 'binary float hex int octal romanNumeral',
  person:
    'bio firstName fullName gender jobArea jobDescriptor jobTitle jobType lastName middleName prefix sex sexType suffix zodiacSign',
  phone: 'imei number',
  science: 'chemicalElement unit',
  string: 'alpha alphanumeric binary hexadecimal nanoid numeric octal sample symbol ulid uuid',
  system:
    'commonFileExt commonFileName commonFileType cron directoryPath fileExt fileName filePath fileType mimeType networkInterface semver',
  vehicle: 'bicycle color fuel manufacturer model type vehicle vin vrm',
  word: 'adjective adverb conjunction interjection noun preposition sample verb words',
};

/** Every path a seed may name. */
export function generatorPaths(): readonly string[] {
  return Object.entries(GENERATORS).flatMap(([module, names]) => names.split(' ').map((name) => `${module}.${name}`));
}
