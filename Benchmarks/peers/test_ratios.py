"""What every figure of compare.py rests on: python3 -m unittest discover -s Benchmarks/peers"""

import unittest

from ratios import Comparison, Times, rounded, table


def times(*medians: float) -> Times:
    result = Times()
    for median in medians:
        result.add(median)
    return result


class ComparisonTests(unittest.TestCase):
    def test_the_fastest_by_median_is_the_peer_in_every_round(self):
        # "a" is faster in one round by far; a best-of-each-round would mix the two.
        theirs = {"a": times(1, 6, 6), "b": times(4, 4.1, 4)}
        comparison = Comparison.of(times(2, 2, 2), theirs)
        self.assertEqual(comparison.best, "b")
        self.assertEqual((comparison.ratio, comparison.ratio_min, comparison.ratio_max), (2, 2, 2.05))
        self.assertFalse(comparison.shaky)

    def test_above_one_means_that_ours_is_faster(self):
        self.assertEqual(Comparison.of(times(1, 1, 1), {"a": times(3, 3, 3)}).ratio, 3)

    def test_a_range_of_rounds_beyond_the_tolerance_is_shaky(self):
        self.assertFalse(Comparison.of(times(10, 10, 10), {"a": times(20, 21, 20)}).shaky)
        self.assertTrue(Comparison.of(times(10, 10, 10), {"a": times(20, 23, 20)}).shaky)

    def test_a_slow_machine_slows_both_sides_of_a_round(self):
        self.assertFalse(Comparison.of(times(10, 30, 10), {"a": times(20, 60, 20)}).shaky)

    def test_two_rounds_show_nothing(self):
        self.assertTrue(Comparison.of(times(1, 1), {"a": times(2, 2)}).shaky)

    def test_minima_that_say_otherwise_are_shaky(self):
        ours, theirs = Times([2, 2, 2], [1, 1, 1]), Times([4, 4, 4], [4, 4, 4])
        comparison = Comparison.of(ours, {"a": theirs})
        self.assertEqual((comparison.ratio, comparison.ratio_of_minima), (2, 4))
        self.assertTrue(comparison.shaky)

    def test_a_missing_round_is_an_error(self):
        with self.assertRaises(ValueError):
            Comparison.of(times(1, 1), {"a": times(2, 2, 2)})


class TextTests(unittest.TestCase):
    def test_significant_digits(self):
        self.assertEqual((rounded(123.456), rounded(0.00123456)), (123.5, 0.001235))

    def test_table(self):
        self.assertEqual(table(["who", "ms"], [["a", "12.5"], ["bcde", "1"]]), "who     ms\na     12.5\nbcde     1")


if __name__ == "__main__":
    unittest.main()
