// A run that goes on with other pictures than before, because somebody has said so.

import Training

/// Written down in config.json: whoever goes on later with the same pictures need not say so again, and a run that is
/// killed before it saves its first state with them is the same run.
package struct PictureChange: Codable, Sendable, Equatable {
  /// Of the state that it happened to.
  package var generatorSteps: Int
  /// Of the new pictures, as checkpoints have it.
  package var fingerprint: String
  /// What was new, gone or replaced, for people.
  package var changes: String
}

extension CheckpointState {
  /// This state as one of the pictures of `beginning`.
  ///
  /// The epoch begins anew, in an order of the new pictures. What a generator step would see once more of the old ones
  /// isn't there any more: its phase begins anew, too.
  func onPictures(of beginning: CheckpointState, _ schedule: Schedule) -> CheckpointState {
    var state = self
    state.position = schedule.withOtherPictures(at: position)
    state.picturesPerEpoch = beginning.picturesPerEpoch
    state.dataFingerprint = beginning.dataFingerprint
    state.contentFingerprint = beginning.contentFingerprint
    return state
  }
}
