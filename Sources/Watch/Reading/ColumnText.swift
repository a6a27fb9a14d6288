// What the columns of metrics.csv mean, in a sentence each: docs/Objectives.md says more.

import Configuration
import Training

/// Columns that are read together.
package struct ColumnGroup: Encodable {
  package let title: String
  package let columns: [ColumnText]
}

package struct ColumnText: Encodable {
  package let name: String
  package let text: String
  /// Whether it's one of those that a person looks at first.
  package let isFirst: Bool
}

/// The columns of a run's metrics.csv in their groups, as the page wants them.
struct ColumnList: Encodable {
  let generation: Int
  let groups: [ColumnGroup]
  let objective: String?

  init(_ run: RunFollower) {
    generation = run.metrics.generation
    objective = run.configuration?.training.objective.rawValue
    // Those that were never measured have nothing to show.
    let last = run.metrics.last
    groups = ColumnText.groups(run.metrics.columns.filter { last[$0] != nil }, run.configuration?.training)
  }
}

extension ColumnText {
  /// The groups, in the order in which they are shown; a column that nobody has described comes last.
  package static func groups(_ columns: [String], _ training: TrainingConfiguration?) -> [ColumnGroup] {
    let described = [losses(training), distances(columns), heldOut, bounds(training), run]
    let known = Set(described.flatMap { $0.columns.map(\.name) })
    let others = columns.filter { !known.contains($0) }.map { column($0, "") }
    return (described + [ColumnGroup(title: "Others", columns: others)]).compactMap { group in
      let there = group.columns.filter { columns.contains($0.name) }
      return there.isEmpty ? nil : ColumnGroup(title: group.title, columns: there)
    }
  }

  private static func first(_ name: String, _ text: String) -> ColumnText {
    ColumnText(name: name, text: text, isFirst: true)
  }

  private static func column(_ name: String, _ text: String) -> ColumnText {
    ColumnText(name: name, text: text, isFirst: false)
  }

  private static func losses(_ training: TrainingConfiguration?) -> ColumnGroup {
    let isRelativistic = training?.objective == .relativistic
    let nothing = isRelativistic ? " 0.69 is where the critic can't tell fakes from real pictures at all." : ""
    let distance =
      isRelativistic
      ? "How far apart the mean scores of real pictures and of fakes are"
      : "The critic's estimate of the distance between fakes and real pictures"
    return ColumnGroup(
      title: "Losses",
      columns: [
        first("d_loss", "What the critic minimises, without the penalty.\(nothing)"),
        first(
          "g_loss",
          "What the generator minimises: it falls where fakes get better faster than the critic does.\(nothing)"),
        first("wasserstein", "\(distance): a good run sees it shrink."),
        column("real_loss", "The critic's mean score of real pictures."),
        column("fake_loss", "The critic's mean score of fakes; it matters only beside real_loss."),
      ])
  }

  private static func distances(_ columns: [String]) -> ColumnGroup {
    let sizes = columns.compactMap { $0.hasPrefix("swd_") ? Int($0.dropFirst(4)) : nil }.sorted(by: >)
    let scales = sizes.map { size in
      let shows = size == sizes.first ? ": the finest details" : size == sizes.last ? ": shapes and colours" : ""
      return column("swd_\(size)", "The same at \(size)x\(size)\(shows).")
    }
    return ColumnGroup(
      title: "How near samples are to real pictures",
      columns: [
        first(
          "swd",
          "How far samples are from held-out real pictures, the mean over the scales: the lower the better, and what "
            + "pictures look like follows it best.")
      ] + scales + [
        first(
          "duplicates",
          "The share of samples that are nearly the same as another one: much above 0 for long is a generator that "
            + "knows a few pictures only.")
      ])
  }

  private static let heldOut = ColumnGroup(
    title: "Held-out pictures",
    columns: [
      column(
        "held_out_d_loss",
        "d_loss of pictures that aren't trained on: where it leaves d_loss behind, the critic knows its pictures by "
          + "heart."),
      column("held_out_wasserstein", "wasserstein of pictures that aren't trained on: it should stay near that one."),
    ])

  private static func bounds(_ training: TrainingConfiguration?) -> ColumnGroup {
    let wanted = training?.objective == .wganGP ? "it should stay near 1" : "what the penalty keeps small"
    return ColumnGroup(
      title: "The critic's bounds",
      columns: [
        column("penalty", "The penalty on the critic's gradient, as it is added to its loss."),
        column("gradient_norm", "The norm of the critic's gradient: \(wanted)."),
        column("gradient_norm_spread", "How much that norm differs from picture to picture."),
        column(
          "at_bound",
          "The share of the critic's parameters at a clipping bound: near 1 the critic is saturated and can say little."
        ),
        column(
          "variance_below_eps",
          "The share of the critic's channels whose variance is less than the epsilon beside it: these say hardly "
            + "anything."),
      ])
  }

  private static let run = ColumnGroup(
    title: "The run",
    columns: [
      column("epoch", "The pass over the pictures."),
      column("seconds", "Time spent training."),
      column(
        "rollbacks", "How often training diverged, and the run went back to a checkpoint with halved learning rates."),
    ])
}
