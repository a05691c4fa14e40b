// @ts-check

/** The full version where the engine tells it; the user agent has no more than the first number. */
export async function browserVersion() {
  /** @type {{ getHighEntropyValues(hints: string[]): Promise<{ fullVersionList: { brand: string, version: string }[] }> } | undefined} */
  const data = Reflect.get(navigator, 'userAgentData');
  const known = (await data?.getHighEntropyValues(['fullVersionList']))?.fullVersionList;
  const engine = known?.find(({ brand }) => brand === 'Chromium') ?? known?.[0];
  return engine ? `${engine.brand} ${engine.version}` : navigator.userAgent;
}
