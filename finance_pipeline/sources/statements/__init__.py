"""Statement files of every format: bytes in, statements out.

model: what a statement says, in words that no format owns. sniff: which format some bytes are, by their content.
One reader a format: camt, mt (MT940 and its kin), bai2, ofx, qif, csv. A reader yields the entries of a statement and
then its head, so that a large file is never held whole. reading puts these together; assemble makes statements that
can be landed; summary makes what `statements parse` prints. Not here: evidence, folders, books.
"""
