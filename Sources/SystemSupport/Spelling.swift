// What somebody meant who mistyped a word.

/// The candidate that is most like `word`: another one by a slip or two of the keys, or one that begins as it does. Nil
/// where none is near enough to be meant.
package func nearest(_ word: String, among candidates: [String]) -> String? {
  let word = word.lowercased()
  if word.isEmpty { return nil }
  let near = candidates.map { ($0, slips(from: word, to: $0.lowercased())) }.min { $0.1 < $1.1 }
  if let (candidate, count) = near, count <= (word.count < 5 ? 1 : word.count < 9 ? 2 : 3) { return candidate }
  guard word.count >= 3 else { return nil }
  let begun = candidates.filter { $0.lowercased().hasPrefix(word) }
  return begun.count == 1 ? begun[0] : nil
}

/// How many letters have to be put in, taken out, replaced, or exchanged with the next one.
private func slips(from first: String, to second: String) -> Int {
  let (a, b) = (Array(first), Array(second))
  // What is so much longer isn't near.
  if abs(a.count - b.count) > 3 { return .max }
  var rows = [Array(0...b.count)]
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var least = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
      row.append(least)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
