"""Does the reader of the console log understand each line, and notice what is no event?"""

import unittest

import events
import harness


class ParseLine(unittest.TestCase):
    def test_event_with_fields(self):
        event = events.parse_line(
            "[    1.934410] INFO  server closed session=3 reason=clean bytes_in=4096 ms=732.5"
        )
        self.assertEqual(event.time_s, 1.93441)
        self.assertEqual((event.level, event.module, event.name), ("INFO", "server", "closed"))
        self.assertEqual(event["reason"], "clean")
        self.assertEqual(event.number("ms"), 732.5)

    def test_event_without_fields(self):
        event = events.parse_line("[12345.000001] ERROR net net_down")
        self.assertEqual(event.fields, {})

    def test_quoted_values(self):
        event = events.parse_line(
            r'[    0.000001] WARN  server x text="a \"b\" c\\ \x0a=" code=-1 empty=""'
        )
        self.assertEqual(event["text"], 'a "b" c\\ \n=')
        self.assertEqual(event["code"], "-1")
        self.assertEqual(event["empty"], "")

    def test_other_lines_are_no_events(self):
        for line in ("", "tls-echo: unknown option", "[ 1.2] INFO a b", "[1.000000] LOUD a b"):
            self.assertIsNone(events.parse_line(line))

    def test_broken_fields_are_an_error(self):
        for rest in ("word", "a=1 word", 'a="open', "a=1  b=2"):
            with self.assertRaises(ValueError):
                events.parse_line(f"[    0.000001] INFO  server x {rest}")

    def test_matches(self):
        event = events.parse_line("[    0.000001] INFO  server closed session=3 reason=clean")
        self.assertTrue(event.matches("closed", {"session": 3}))
        self.assertFalse(event.matches("closed", {"session": 4}))
        self.assertFalse(event.matches("closed", {"nothing": 1}))
        self.assertFalse(event.matches("echo", {}))


if __name__ == "__main__":
    harness.main(namespace=False)
