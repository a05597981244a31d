import { fileBlobInfoCache } from "../src/index.ts";
import { form, packed } from "./cache-facts.ts";

const [file = "", keyFile = "", name, count] = process.argv.slice(2);
const onNotice = (notice: unknown): void => {
  throw new Error(JSON.stringify(notice));
};
for (let at = 0; at < Number(count); at++) {
  const cache = fileBlobInfoCache({ file, keyFile });
  await cache.record([packed(`${name} ${at}`, form(`${name} ${at}.gz`))], { onNotice });
}
