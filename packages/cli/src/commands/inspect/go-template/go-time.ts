/** A time that is parsed from RFC 3339 and printed like Go. */
export class GoTime {
  readonly #text: string;

  constructor(text: string) {
    // Removes only fractional zeros: the zeros of 06:00:00 stay.
    this.#text = text.replace(/\.\d+/, (fraction) => {
      let end = fraction.length;
      while (fraction[end - 1] === "0") end--;
      return end === 1 ? "" : fraction.slice(0, end);
    });
  }

  toJSON(): string {
    return this.#text;
  }

  /** `2026-11-23 06:33:21.4 +0000 UTC` */
  toString(): string {
    const match = /^([\d-]+)T([\d:.]+)(Z|[+-]\d\d:\d\d)$/.exec(this.#text);
    if (match === null) return this.#text;
    const [, date, time, zone = "Z"] = match;
    const offset = zone.replace(":", "");
    return `${date} ${time} ${zone === "Z" ? "+0000 UTC" : `${offset} ${offset}`}`;
  }

  /** The methods of Go's `time.Time` that take no other time; undefined for other names. */
  call(method: string, ...operands: readonly unknown[]): unknown {
    const [layout] = operands;
    if (method === "Format" && operands.length === 1 && typeof layout === "string")
      return this.#format(layout);
    if (operands.length > 0) return undefined;
    const { year, month, day, hour, minute, second, nanosecond } = this.#parts();
    const days = Date.UTC(year, month - 1, day) / 86_400_000;
    switch (method) {
      case "Year":
        return year;
      case "Month":
        return monthNames[month - 1];
      case "Day":
        return day;
      case "Hour":
        return hour;
      case "Minute":
        return minute;
      case "Second":
        return second;
      case "Nanosecond":
        return nanosecond;
      case "Weekday":
        return dayNames[(((days + 4) % 7) + 7) % 7];
      case "YearDay":
        return days - Date.UTC(year, 0, 0) / 86_400_000;
      case "Unix":
        return Math.floor(Date.parse(this.#text) / 1000);
      case "UnixMilli":
        return Math.floor(Date.parse(this.#text));
      case "IsZero":
        return this.#text === "0001-01-01T00:00:00Z";
      case "String":
        return this.toString();
      case "UTC":
        return this.#utc();
      default:
        return undefined;
    }
  }

  #utc(): GoTime {
    const fraction = /\.\d+/.exec(this.#text)?.[0] ?? "";
    return new GoTime(new Date(this.#text).toISOString().replace(/\.\d+/, fraction));
  }

  #parts(): Record<"year" | "month" | "day" | "hour" | "minute" | "second" | "nanosecond", number> {
    const [date = "", time = ""] = this.#text.split("T");
    const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
    const [hour = 0, minute = 0] = time.split(":").map((part) => Number.parseInt(part, 10));
    const [, second = "0", fraction = ""] = /^\d\d:\d\d:(\d\d)(?:\.(\d+))?/.exec(time) ?? [];
    const nanosecond = Number(fraction.padEnd(9, "0").slice(0, 9));
    return { year, month, day, hour, minute, second: Number(second), nanosecond };
  }

  /** A Go layout is the reference time Mon Jan 2 15:04:05 MST 2006 in the wanted format. */
  #format(layout: string): string {
    const { year, month, day, hour, minute, second, nanosecond } = this.#parts();
    const weekday = String(this.call("Weekday"));
    const monthName = monthNames[month - 1] ?? "";
    const zone = /Z$|[+-]\d\d:\d\d$/.exec(this.#text)?.[0] ?? "Z";
    const offset = zone === "Z" ? "+00:00" : zone;
    const two = (value: number): string => String(value).padStart(2, "0");
    const twelve = hour % 12 === 0 ? 12 : hour % 12;
    return layout.replaceAll(layoutPart, (part) => {
      if (/^[.,][09]/.test(part)) return fractionOf(part, nanosecond);
      switch (part) {
        case "2006":
          return String(year).padStart(4, "0");
        case "06":
          return two(year % 100);
        case "January":
          return monthName;
        case "Jan":
          return monthName.slice(0, 3);
        case "01":
          return two(month);
        case "1":
          return String(month);
        case "Monday":
          return weekday;
        case "Mon":
          return weekday.slice(0, 3);
        case "02":
          return two(day);
        case "_2":
          return String(day).padStart(2, " ");
        case "2":
          return String(day);
        case "15":
          return two(hour);
        case "03":
          return two(twelve);
        case "3":
          return String(twelve);
        case "04":
          return two(minute);
        case "4":
          return String(minute);
        case "05":
          return two(second);
        case "5":
          return String(second);
        case "PM":
          return hour < 12 ? "AM" : "PM";
        case "pm":
          return hour < 12 ? "am" : "pm";
        case "MST":
          return zone === "Z" ? "UTC" : offset.replace(":", "").replace(/00$/, "");
        case "Z07:00":
          return zone;
        case "Z0700":
          return zone.replace(":", "");
        case "-07:00":
          return offset;
        case "-0700":
          return offset.replace(":", "");
        default:
          return offset.slice(0, 3);
      }
    });
  }
}

const layoutPart =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|-07|[.,](?:0+|9+)(?!\d)|_2|01|02|03|04|05|06|15|PM|pm|1|2|3|4|5/g;

/** `.000` has a fixed number of digits. `.999` omits trailing zeros. */
function fractionOf(part: string, nanosecond: number): string {
  const digits = String(nanosecond)
    .padStart(9, "0")
    .slice(0, part.length - 1);
  if (part[1] === "0") return `${part[0]}${digits}`;
  const kept = digits.replace(/0{1,9}$/, "");
  return kept === "" ? "" : `${part[0]}${kept}`;
}

const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

const dayNames = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
] as const;
