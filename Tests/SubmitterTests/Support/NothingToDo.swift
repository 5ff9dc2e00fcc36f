/// The queue gave a test's worker nothing to do.
enum NothingToDo: Error { case nothingToClaim, notStarted }
