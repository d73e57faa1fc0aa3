"""The directory of services, in the shape of the Human Services Data Specification (HSDS) 3.0."""
