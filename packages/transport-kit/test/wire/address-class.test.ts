import { classOfAddress, classOfHost, strictestClassOf } from "@drayage/transport-kit/wire";
import { describe, expect, test } from "vitest";

describe("the class of an address", () => {
  test.each([
    ["0.0.0.0", "reserved"],
    ["0.1.2.3", "reserved"],
    ["9.255.255.255", "public"],
    ["10.0.0.0", "private"],
    ["10.255.255.255", "private"],
    ["11.0.0.0", "public"],
    ["100.63.255.255", "public"],
    ["100.64.0.0", "private"],
    ["100.127.255.255", "private"],
    ["100.128.0.0", "public"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.255", "loopback"],
    ["169.254.169.254", "link-local"],
    ["169.255.0.0", "public"],
    ["172.15.255.255", "public"],
    ["172.16.0.0", "private"],
    ["172.31.255.255", "private"],
    ["172.32.0.0", "public"],
    ["192.0.0.8", "private"],
    ["192.167.255.255", "public"],
    ["192.168.1.1", "private"],
    ["198.17.255.255", "public"],
    ["198.18.0.1", "private"],
    ["198.19.255.255", "private"],
    ["223.255.255.255", "public"],
    ["224.0.0.1", "reserved"],
    ["240.0.0.1", "reserved"],
    ["255.255.255.255", "reserved"],
    ["100.100.100.200", "link-local"],
    ["168.63.129.16", "link-local"],
    ["192.0.0.192", "link-local"],
    ["8.8.8.8", "public"],
    ["::", "reserved"],
    ["::1", "loopback"],
    ["fc00::1", "private"],
    ["fdff:ffff::1", "private"],
    ["fd00:ec2::254", "link-local"],
    ["fe80::1", "link-local"],
    ["fe80::1%eth0", "link-local"],
    ["febf::1", "link-local"],
    ["fec0::1", "private"],
    ["ff02::1", "reserved"],
    ["2001:0:1::1", "reserved"],
    ["2001:4860:4860::8888", "public"],
    ["2606:4700::1", "public"],
  ])("%s is %s", (address, expected) => {
    expect(classOfAddress(address)).toBe(expected);
  });

  test.each([
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["0:0:0:0:0:ffff:7f00:0001", "loopback"],
    ["::ffff:0.0.0.0", "reserved"],
    ["::ffff:10.1.2.3", "private"],
    ["::ffff:8.8.8.8", "public"],
    ["::ffff:0:127.0.0.1", "loopback"],
    ["::127.0.0.1", "loopback"],
    ["64:ff9b::169.254.169.254", "link-local"],
    ["64:ff9b::a9fe:a9fe", "link-local"],
    ["64:ff9b::8.8.8.8", "public"],
    ["64:ff9b:1::10.0.0.1", "private"],
    ["2002:7f00:1::", "loopback"],
    ["2002:c0a8:101::1", "private"],
    ["2002:808:808::1", "public"],
  ])("that is embedded in %s is %s", (address, expected) => {
    expect(classOfAddress(address)).toBe(expected);
  });
});

describe("the class of a host by its name", () => {
  test.each([
    ["http://localhost/", "loopback"],
    ["http://LOCALHOST./", "loopback"],
    ["http://any.thing.localhost/", "loopback"],
    ["http://2130706433/", "loopback"],
    ["http://0x7f.1/", "loopback"],
    ["http://0177.0.0.1/", "loopback"],
    ["http://127.1/", "loopback"],
    ["http://127.0.0.1./", "loopback"],
    ["http://0/", "reserved"],
    ["http://[::]/", "reserved"],
    ["http://[::ffff:127.0.0.1]/", "loopback"],
    ["http://%31%32%37.0.0.1/", "loopback"],
    ["http://①②⑦.0.0.1/", "loopback"],
    ["http://169.254.169.254/", "link-local"],
    ["http://example.com/", undefined],
    ["http://localhost.example.com/", undefined],
    ["http://notlocalhost/", undefined],
  ])("%s: %s", (url, expected) => {
    expect(classOfHost(new URL(url).hostname)).toBe(expected);
  });
});

test("of several addresses the most public one decides what a host may name", () => {
  expect(strictestClassOf(["loopback", "public", "private"])).toBe("public");
  expect(strictestClassOf(["loopback", "private"])).toBe("private");
  expect(strictestClassOf(["loopback", "reserved"])).toBe("reserved");
});
