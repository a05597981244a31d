import packageJSON from "../../package.json" with { type: "json" };

export const version: string = packageJSON.version;
