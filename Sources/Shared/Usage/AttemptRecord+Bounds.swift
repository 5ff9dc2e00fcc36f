extension AttemptRecord {
    /// The record as the ledger's columns and indexes can hold it: texts cut, times within `Bounds.ledger`.
    ///
    /// The same for every copy of an attempt's record. Counts and cost bound themselves.
    package var bounded: AttemptRecord {
        var record = self
        record.startedAt = startedAt.clamped(to: Bounds.ledger)
        record.enqueuedAt = enqueuedAt.clamped(to: Bounds.ledger)
        record.endedAt = endedAt?.clamped(to: record.startedAt...(record.startedAt + Bounds.length.upperBound))
        record.firstToken = firstToken?.clamped(to: Bounds.length)
        record.tenant = tenant.clipped(toBytes: Bounds.tenant)
        record.user = user?.clipped(toBytes: Bounds.user)
        record.prices.currency = prices.currency.clipped(toBytes: Bounds.currency)
        record.boundNames()
        return record
    }

    private mutating func boundNames() {
        worker = worker.clipped(toBytes: Bounds.name)
        model = model.clipped(toBytes: Bounds.name)
        provider = provider.clipped(toBytes: Bounds.name)
        account = account.clipped(toBytes: Bounds.name)
        finishReason = finishReason?.clipped(toBytes: Bounds.name)
        upstreamModel = upstreamModel?.clipped(toBytes: Bounds.name)
        upstreamRequest = upstreamRequest?.clipped(toBytes: Bounds.name)
    }
}
